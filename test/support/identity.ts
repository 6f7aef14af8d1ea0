import { randomUUID } from "node:crypto";
import type { Db } from "@ai-platform/core/db/database.ts";
import { departments, groups } from "@ai-platform/core/db/schema/index.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import { createCallerVerifier, type CallerVerifier } from "@ai-platform/core/identity/caller-verifier.ts";
import { addMember, createGroup, createUser } from "@ai-platform/core/identity/directory.ts";
import type { RoleGrant } from "@ai-platform/core/identity/permissions.ts";
import { openSigningKeys, type SigningKeys } from "@ai-platform/core/identity/signing-keys.ts";
import { createTokenIssuer, type TokenIssuer } from "@ai-platform/core/identity/token-issuer.ts";
import { and, eq } from "drizzle-orm";

/** Somebody to act as. Departments and groups that do not exist yet are made. */
export interface UserSpec {
  /** @default a fresh name */
  readonly username?: string;
  /** @default "hr" */
  readonly department?: string;
  /** A role name holds everywhere. @default ["employee"] */
  readonly roles?: readonly (RoleGrant | RoleGrant["role"])[];
  /** External ids of groups of the source `test`, whose principals are `group:test:<id>`. @default [] */
  readonly groups?: readonly string[];
  /** @default 1 */
  readonly clearance?: number;
  readonly isService?: boolean;
  readonly password?: string;
}

export interface TestIdentity {
  readonly tenant: string;
  readonly issuer: string;
  readonly audience: string;
  readonly keys: SigningKeys;
  readonly tokens: TokenIssuer;
  readonly verifier: CallerVerifier;
  /** Inserts a user and returns the id. */
  user(spec?: UserSpec): Promise<string>;
  /** A user's access token. */
  token(userId: string): Promise<string>;
  /** Inserts a user and verifies a real token of theirs. */
  caller(spec?: UserSpec): Promise<VerifiedCaller>;
  /** The caller as of now, after their rights changed. */
  again(caller: VerifiedCaller): Promise<VerifiedCaller>;
}

/** People of a fresh tenant, with real signing keys, tokens and verification. */
export async function createTestIdentity(db: Db, options: { readonly tenant?: string } = {}): Promise<TestIdentity> {
  const tenant = options.tenant ?? `tenant-${randomUUID()}`;
  const keys = await openSigningKeys();
  const settings = { db, keys, issuer: "https://issuer.test", audience: "ai-platform" };
  const tokens = createTokenIssuer(settings);
  const verifier = createCallerVerifier(settings);

  async function groupId(externalId: string): Promise<string> {
    const here = and(eq(groups.tenant, tenant), eq(groups.source, "test"), eq(groups.externalId, externalId));
    const [known] = await db.select({ id: groups.id }).from(groups).where(here);
    return known?.id ?? createGroup(db, { tenant, source: "test", externalId, name: externalId });
  }

  async function user(spec: UserSpec = {}): Promise<string> {
    const { department = "hr", clearance = 1, isService = false, password } = spec;
    const roles = (spec.roles ?? ["employee"]).map((role) =>
      typeof role === "string" ? { role, department: "*" } : role,
    );
    for (const code of new Set([department, ...roles.map((grant) => grant.department)])) {
      if (code !== "*") await db.insert(departments).values({ tenant, code, name: code }).onConflictDoNothing();
    }
    const username = spec.username ?? `user-${randomUUID()}`;
    const person = { tenant, username, displayName: username, department, isService, clearance, roles };
    const userId = await createUser(db, password === undefined ? person : { ...person, password });
    for (const group of spec.groups ?? []) await addMember(db, await groupId(group), { userId });
    return userId;
  }

  const token = async (userId: string): Promise<string> => (await tokens.issueFor(userId)).accessToken;
  const verified = async (userId: string): Promise<VerifiedCaller> =>
    verifier.verify({ authorization: `Bearer ${await token(userId)}` });

  return {
    tenant,
    issuer: settings.issuer,
    audience: settings.audience,
    keys,
    tokens,
    verifier,
    user,
    token,
    caller: async (spec) => verified(await user(spec)),
    again: (caller) => verified(caller.subject),
  };
}
