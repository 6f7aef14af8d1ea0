import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { apiKeys } from "@ai-platform/core/db/schema/index.ts";
import { createApiKey, revokeApiKey } from "@ai-platform/core/identity/api-keys.ts";
import { VerifiedCaller, type CallerFacts } from "@ai-platform/core/identity/caller.ts";
import { createCallerVerifier } from "@ai-platform/core/identity/caller-verifier.ts";
import { disableUser, updateUser } from "@ai-platform/core/identity/directory.ts";
import { createOauthClient, removeOauthClient } from "@ai-platform/core/identity/oauth-clients.ts";
import { openSigningKeys, type SigningKeys } from "@ai-platform/core/identity/signing-keys.ts";
import { eq } from "drizzle-orm";
import { decodeJwt, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestIdentity, type TestIdentity } from "../../../support/identity.ts";

let database: Database;
let identity: TestIdentity;
let userId: string;
let good: string;
beforeAll(async () => {
  database = await openEmbedded();
  identity = await createTestIdentity(database.db);
  userId = await identity.user();
  good = await identity.token(userId);
});
afterAll(() => database.close());

const verify = (token: string) => identity.verifier.verify({ authorization: `Bearer ${token}` });
const refused = expect.objectContaining({
  code: "unauthenticated",
  message: "The credential is missing, expired or not valid.",
}) as unknown;

interface Forgery {
  readonly keys?: SigningKeys;
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
}

/** The good token with something else about it, signed with our own key unless told otherwise. */
async function forge({ keys = identity.keys, header, claims }: Forgery): Promise<string> {
  const { kid, key } = await keys.signer();
  return new SignJWT({ ...decodeJwt(good), ...claims })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid, ...header })
    .sign(key);
}

describe("access tokens", () => {
  it("are taken as issued", async () => {
    await expect(verify(good)).resolves.toMatchObject({ subject: userId, credential: { kind: "token" } });
    await expect(verify(await forge({}))).resolves.toMatchObject({ subject: userId });
  });

  const past = Math.floor(Date.now() / 1000) - 1;
  it.each<[string, Forgery]>([
    ["expired", { claims: { exp: past } }],
    ["not valid yet", { claims: { nbf: past + 3600 } }],
    ["without an end", { claims: { exp: undefined } }],
    ["of another issuer", { claims: { iss: "https://issuer.example" } }],
    ["for another audience", { claims: { aud: "another-service" } }],
    ["of another type", { header: { typ: "JWT" } }],
    ["without a type", { header: { typ: undefined } }],
    ["without a key id", { header: { kid: undefined } }],
    ["with an unknown key id", { header: { kid: "unknown" } }],
    ["without a session", { claims: { sid: undefined } }],
    ["of a session that is not there", { claims: { sid: "00000000-0000-4000-8000-000000000000" } }],
    ["of somebody else in this session", { claims: { sub: "00000000-0000-4000-8000-000000000000" } }],
    ["with a subject that is no id", { claims: { sub: "' or true --" } }],
  ])("are refused when %s", async (_name, forgery) => {
    await expect(verify(await forge(forgery))).rejects.toEqual(refused);
  });

  it("are refused when signed by a foreign key under our key id, also when it is offered in the header", async () => {
    const { kid } = await identity.keys.signer();
    const foreign = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(foreign.publicKey);
    for (const extra of [{}, { jwk }, { jku: "https://attacker.example/jwks.json" }]) {
      const token = await new SignJWT(decodeJwt(good))
        .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid, ...extra })
        .sign(foreign.privateKey);
      await expect(verify(token)).rejects.toEqual(refused);
    }
  });

  it("are refused without a signature and with a symmetric one made from our public key", async () => {
    const unsigned = new UnsecuredJWT(decodeJwt(good)).encode();
    await expect(verify(unsigned)).rejects.toEqual(refused);
    const { kid } = await identity.keys.signer();
    const publicKey = new TextEncoder().encode(JSON.stringify((await identity.keys.jwks()).keys[0]));
    const confused = await new SignJWT(decodeJwt(good))
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid })
      .sign(publicKey);
    await expect(verify(confused)).rejects.toEqual(refused);
    const [header = "", claims = ""] = good.split(".");
    for (const token of [`${header}.${claims}.`, `${header}.${claims}`, "a.b.c", "..", "x"]) {
      await expect(verify(token)).rejects.toEqual(refused);
    }
  });

  it("are refused when any character of them is changed", async () => {
    for (let index = 0; index < good.length - 1; index += 7) {
      const changed = `${good.slice(0, index)}${good[index] === "A" ? "B" : "A"}${good.slice(index + 1)}`;
      await expect(verify(changed), `at ${index}`).rejects.toEqual(refused);
    }
  });

  it("outlive a rotation of keys, and not two", async () => {
    const keys = await openSigningKeys();
    const rotating = { db: database.db, keys, issuer: identity.issuer, audience: identity.audience };
    const verifier = createCallerVerifier(rotating);
    const token = await forge({ keys });
    await keys.rotate();
    await expect(verifier.verify({ authorization: `Bearer ${token}` })).resolves.toBeDefined();
    expect((await keys.jwks()).keys).toHaveLength(2);
    await keys.rotate();
    await expect(verifier.verify({ authorization: `Bearer ${token}` })).rejects.toEqual(refused);
  });
});

describe("rights", () => {
  it("are read from the store on every call", async () => {
    const roles = ["employee", { role: "editor", department: "it" }] as const;
    const caller = await identity.caller({ department: "it", groups: ["Sysadmins"], roles });
    const token = await identity.token(caller.subject);
    expect(caller.principals).toEqual([
      "department:it",
      "group:test:sysadmins",
      "role:editor",
      "role:employee",
      "tenant:all",
      `user:${caller.subject}`,
    ]);
    expect([caller.can("documents:write", "it"), caller.can("documents:write", "hr")]).toEqual([true, false]);
    await updateUser(database.db, identity.tenant, caller.subject, { roles: [], clearance: 3 });
    const now = await verify(token);
    expect(now.can("agents:ask")).toBe(false);
    expect(now.clearance).toBe(3);
  });

  it("end with the session and with the user", async () => {
    const leaver = await identity.user();
    const [first, second] = [await identity.tokens.issueFor(leaver), await identity.tokens.issueFor(leaver)];
    await identity.tokens.revokeSession(first.sessionId);
    await expect(verify(first.accessToken)).rejects.toEqual(refused);
    await expect(verify(second.accessToken)).resolves.toBeDefined();
    await disableUser(database.db, identity.tenant, leaver);
    await expect(verify(second.accessToken)).rejects.toEqual(refused);
    await updateUser(database.db, identity.tenant, leaver, { disabled: false });
    await expect(verify(second.accessToken), "an old session does not come back").rejects.toEqual(refused);
  });

  it("of a service account always include role:service, so that ACLs can deny machines", async () => {
    const robot = await identity.caller({ isService: true, roles: [] });
    expect(robot.principals).toContain("role:service");
  });

  it("cannot be made up", () => {
    expect(() => new VerifiedCaller({} as CallerFacts)).toThrow("caller verifier only");
  });
});

describe("API keys", () => {
  const newKey = (owner: string) =>
    createApiKey(database.db, {
      userId: owner,
      name: "test",
      scopes: ["agents:ask", "audit:read"],
      environment: "test",
      expiresAt: new Date(Date.now() + 60_000),
    });

  it("work in either header, narrowed to their scopes and never beyond their owner", async () => {
    const { id, key } = await newKey(userId);
    for (const credentials of [{ apiKey: key }, { authorization: `Bearer ${key}` }]) {
      const caller = await identity.verifier.verify(credentials);
      expect(caller.credential).toEqual({ kind: "api-key", keyId: id });
      expect(caller.can("agents:ask")).toBe(true);
      expect(caller.can("documents:list"), "not in its scopes").toBe(false);
      expect(caller.can("audit:read"), "not its owner's").toBe(false);
    }
    const [row] = await database.db.select().from(apiKeys).where(eq(apiKeys.id, id));
    expect(row?.lastUsedAt).toBeInstanceOf(Date);
    expect(JSON.stringify(row)).not.toContain(key.slice(20));
  });

  it("are refused when revoked, expired, changed, or of a disabled owner", async () => {
    const owner = await identity.user();
    const [revoked, expired, kept] = [await newKey(owner), await newKey(owner), await newKey(owner)];
    await revokeApiKey(database.db, revoked.id);
    await database.db.update(apiKeys).set({ expiresAt: new Date() }).where(eq(apiKeys.id, expired.id));
    for (const { key } of [revoked, expired]) {
      await expect(identity.verifier.verify({ apiKey: key })).rejects.toEqual(refused);
    }
    await expect(identity.verifier.verify({ apiKey: `${kept.key.slice(0, -1)}x` })).rejects.toEqual(refused);
    await expect(identity.verifier.verify({ apiKey: good })).rejects.toEqual(refused);
    await expect(identity.verifier.verify({ apiKey: kept.key })).resolves.toBeDefined();
    await disableUser(database.db, identity.tenant, owner);
    await expect(identity.verifier.verify({ apiKey: kept.key })).rejects.toEqual(refused);
  });

  it("do not go together with a token", async () => {
    const both = { authorization: `Bearer ${good}`, apiKey: (await newKey(userId)).key };
    await expect(identity.verifier.verify(both)).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(identity.verifier.verify({})).rejects.toEqual(refused);
    await expect(identity.verifier.verify({ authorization: "Basic eDp5" })).rejects.toEqual(refused);
  });
});

describe("clients", () => {
  it("have the scopes they are registered with, until they are removed", async () => {
    const robot = await identity.user({ isService: true, roles: ["service"] });
    await createOauthClient(database.db, { id: "importer", userId: robot, scopes: ["documents:write"] });
    const { accessToken, refreshToken } = await identity.tokens.issueFor(robot, "importer");
    expect(refreshToken).toBeUndefined();
    const caller = await verify(accessToken);
    expect(caller.credential).toEqual({ kind: "client", clientId: "importer" });
    expect([caller.can("documents:write"), caller.can("agents:ask")]).toEqual([true, false]);
    await removeOauthClient(database.db, "importer");
    await expect(verify(accessToken)).rejects.toEqual(refused);
  });
});
