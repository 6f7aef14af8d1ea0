import { createOpenAiEndpoint } from "../models/openai-endpoint.ts";
import { type ModelEndpoint, type ModelRole, modelRoles } from "../models/model-client.ts";
import { encodeGatewayIdentity, identityHeader } from "./gateway-identity.ts";

export interface GatewayEndpointOptions {
  /** Including `/v1`. */
  readonly baseUrl: string;
  /** Key the gateway takes from the edge and from the API. */
  readonly key: string;
  /** Model roles the gateway serves; a role it does not serve is answered by the first. */
  readonly servedModels: readonly string[];
  /** US dollars per token. */
  readonly price: ModelEndpoint["price"];
}

/**
 * The platform's model gateway as agents use it: each call says for whom it is made, is never answered from the cache
 * and never leaves the company, because it carries passages the caller may read today and perhaps not tomorrow.
 */
export function createGatewayEndpoint({ baseUrl, key, servedModels, price }: GatewayEndpointOptions): ModelEndpoint {
  const fallback = servedModels[0] ?? "chat";
  const models = Object.fromEntries(
    modelRoles.map((role) => [role, servedModels.includes(role) ? role : fallback]),
  ) as Record<ModelRole, string>;
  const endpoint = createOpenAiEndpoint({ baseUrl, apiKey: key, models, price });
  return {
    ...endpoint,
    onBehalfOf: (caller, agent) => ({
      ...endpoint,
      client: endpoint.client.withOptions({
        defaultHeaders: {
          [identityHeader]: encodeGatewayIdentity({
            tenant: caller.tenant,
            subject: caller.subject,
            team: caller.department,
            agent,
            models: servedModels,
            external: false,
            cache: "off",
            ...(caller.credential.kind === "api-key" ? { keyId: caller.credential.keyId } : {}),
          }),
        },
      }),
    }),
  };
}
