/**
 * Who is calling, as the edge tells the model gateway in `X-Platform-Identity`.
 * Read by components/gateway/platform_gateway.py: change both together.
 */
export interface GatewayIdentity {
  readonly tenant: string;
  /** User id: who is billed. */
  readonly subject: string;
  /** Department code: whose cache, whose capacity, whose budget. */
  readonly team: string;
  readonly keyId?: string;
  readonly agent?: string;
  /** Model roles the caller may name. */
  readonly models: readonly string[];
  /** Model role that overrides the one in the body. */
  readonly role?: string;
  /** Whether the call may leave the company. */
  readonly external: boolean;
  /** `off` for calls that carry documents: a cached answer would outlive a revoked right. */
  readonly cache: "team" | "off";
  /** Calls the team may have under way. */
  readonly concurrentRequests?: number;
}

export const identityHeader = "x-platform-identity";

/** base64url of the JSON, as the gateway reads it. */
export function encodeGatewayIdentity(identity: GatewayIdentity): string {
  return Buffer.from(JSON.stringify(identity)).toString("base64url");
}
