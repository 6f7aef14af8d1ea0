import { and, eq, sql } from "drizzle-orm";
import { decodeProtectedHeader, jwtVerify, type CryptoKey } from "jose";
import { z } from "zod";
import { principalSchema, type Principal } from "../access/model.ts";
import type { Db } from "../db/database.ts";
import { apiKeys, oauthClients, sessions, users } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";
import { isApiKey, isWellFormedApiKey } from "./api-key-format.ts";
import { constructVerifiedCaller, type Credential, type VerifiedCaller } from "./caller.ts";
import { roles, type RoleGrant } from "./permissions.ts";
import { sha256 } from "./secrets.ts";
import { signingAlgorithm, type SigningKeys } from "./signing-keys.ts";

/** Credentials as they arrive: the `Authorization` and `X-API-Key` headers. */
export interface PresentedCredentials {
  readonly authorization?: string | undefined;
  readonly apiKey?: string | undefined;
}

export interface CallerVerifier {
  /** @throws Problem `unauthenticated`, which does not say what was wrong with the credential */
  verify(credentials: PresentedCredentials): Promise<VerifiedCaller>;
}

export interface CallerVerifierOptions {
  readonly db: Db;
  readonly keys: SigningKeys;
  readonly issuer: string;
  readonly audience: string;
  /** @default the system clock */
  readonly clock?: () => Date;
}

const claimsSchema = z.object({ sub: z.uuid(), sid: z.uuid(), jti: z.string(), exp: z.number() });

const grantsSchema = z.array(z.object({ role: z.enum(roles), department: z.string() }));

/** Roles and groups of the user in the row, as JSON: one round trip per request instead of three. */
const rightsColumns = {
  user: users,
  grants: sql<unknown>`coalesce((select json_agg(json_build_object('role', r.role, 'department', r.department))
    from user_roles r where r.user_id = ${users.id}), '[]'::json)`,
  groups: sql<string[]>`coalesce((select json_agg('group:' || g.source || ':' || g.external_id)
    from user_groups m join groups g on g.id = m.group_id where m.user_id = ${users.id}), '[]'::json)`,
};

interface RightsRow {
  readonly user: typeof users.$inferSelect;
  readonly grants: unknown;
  readonly groups: readonly string[];
}

/**
 * Checks who is calling. A token only names a session: whether it still holds, and every right, is read from the store,
 * so that disabling a user, ending a session or taking a role away works on the next request.
 */
export function createCallerVerifier(options: CallerVerifierOptions): CallerVerifier {
  const { db, keys, issuer, audience, clock = () => new Date() } = options;

  async function verifyToken(token: string): Promise<VerifiedCaller> {
    const claims = await readToken(token);
    const [row] = await db
      .select({ ...rightsColumns, session: sessions, client: oauthClients })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .leftJoin(oauthClients, and(eq(oauthClients.id, sessions.clientId), eq(oauthClients.userId, users.id)))
      .where(and(eq(sessions.id, claims.sid), eq(sessions.userId, claims.sub)));
    if (!row || row.session.revokedAt || row.session.expiresAt <= clock()) throw unauthenticated();
    if (row.session.clientId === null) return toCaller(row, { kind: "token", sessionId: row.session.id });
    // A client that was removed leaves sessions that would otherwise have all rights of its service account.
    if (!row.client) throw unauthenticated();
    return toCaller(row, { kind: "client", clientId: row.client.id }, row.client.scopes);
  }

  async function readToken(token: string): Promise<z.infer<typeof claimsSchema>> {
    const key = await keyOf(token);
    if (!key) throw unauthenticated();
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [signingAlgorithm],
        typ: "at+jwt",
        issuer,
        audience,
        currentDate: clock(),
      });
      return claimsSchema.parse(payload);
    } catch (error) {
      throw unauthenticated(error);
    }
  }

  /** The key the token names, from our own set only: `jku`, `x5u` and `jwk` headers are not looked at. */
  async function keyOf(token: string): Promise<CryptoKey | undefined> {
    let kid: string | undefined;
    try {
      ({ kid } = decodeProtectedHeader(token));
    } catch (error) {
      throw unauthenticated(error);
    }
    return kid === undefined ? undefined : keys.verifier(kid);
  }

  async function verifyApiKey(secret: string): Promise<VerifiedCaller> {
    if (!isWellFormedApiKey(secret)) throw unauthenticated();
    const now = clock();
    const [row] = await db
      .select({ ...rightsColumns, key: apiKeys })
      .from(apiKeys)
      .innerJoin(users, eq(users.id, apiKeys.userId))
      .where(eq(apiKeys.hash, sha256(secret)));
    if (!row || row.key.revokedAt || (row.key.expiresAt && row.key.expiresAt <= now)) throw unauthenticated();
    const caller = toCaller(row, { kind: "api-key", keyId: row.key.id }, row.key.scopes);
    if (!row.key.lastUsedAt || now.getTime() - row.key.lastUsedAt.getTime() > lastUsedResolution) {
      await db.update(apiKeys).set({ lastUsedAt: now }).where(eq(apiKeys.id, row.key.id));
    }
    return caller;
  }

  return {
    async verify({ authorization, apiKey }) {
      const bearer = /^Bearer ([^\s]+)$/i.exec(authorization ?? "")?.[1];
      if (authorization !== undefined && bearer === undefined) throw unauthenticated();
      if (bearer !== undefined && apiKey !== undefined) {
        throw new Problem("unauthenticated", "Send one credential: either Authorization or X-API-Key.");
      }
      const secret = apiKey ?? bearer;
      if (secret === undefined) throw unauthenticated();
      return apiKey !== undefined || isApiKey(secret) ? verifyApiKey(secret) : verifyToken(secret);
    },
  };
}

/** Milliseconds: a key in steady use is written once a minute, not once a request. */
const lastUsedResolution = 60_000;

function toCaller(row: RightsRow, credential: Credential, scopes?: readonly string[]): VerifiedCaller {
  const { user } = row;
  if (user.disabledAt) throw unauthenticated();
  const grants = grantsSchema.parse(row.grants);
  return constructVerifiedCaller({
    subject: user.id,
    username: user.username,
    displayName: user.displayName,
    tenant: user.tenant,
    department: user.department,
    clearance: user.clearance,
    principals: principalsOf(user, grants, row.groups),
    grants,
    credential,
    ...(scopes ? { scopes } : {}),
  });
}

/**
 * The names under which a user appears in ACLs.
 *
 * `role:<name>` means whoever holds the role in at least one department: the same for `allow` and `deny`. A service
 * account has every principal a person has, and always `role:service`, so that `deny: ["role:service"]` keeps a
 * document from machines.
 */
export function principalsOf(
  user: { readonly id: string; readonly department: string; readonly isService: boolean },
  grants: readonly RoleGrant[],
  groups: readonly string[],
): Principal[] {
  const held = grants.map(({ role }) => `role:${role}`);
  const machine = user.isService ? ["role:service"] : [];
  const names = [`user:${user.id}`, `department:${user.department}`, "tenant:all", ...held, ...machine, ...groups];
  return [...new Set(names.map((name) => principalSchema.parse(name)))].sort();
}

function unauthenticated(cause?: unknown): Problem {
  return new Problem("unauthenticated", "The credential is missing, expired or not valid.", { cause });
}
