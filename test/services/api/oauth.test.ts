import type { App } from "@ai-platform/api/deps.ts";
import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { audit } from "@ai-platform/core/db/schema/index.ts";
import { disableUser } from "@ai-platform/core/identity/directory.ts";
import { createOauthClient } from "@ai-platform/core/identity/oauth-clients.ts";
import { eq } from "drizzle-orm";
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp } from "../../support/app.ts";
import { createTestIdentity, type TestIdentity } from "../../support/identity.ts";

const password = "correct horse battery";
let database: Database;
let identity: TestIdentity;
let app: App;
let robot: string;
let clientSecret: string;
beforeAll(async () => {
  database = await openEmbedded();
  identity = await createTestIdentity(database.db);
  app = await createTestApp({ database, identity });
  await identity.user({ username: "amina", password });
  robot = await identity.user({ isService: true, roles: ["service"] });
  clientSecret = await createOauthClient(database.db, { id: "robot", userId: robot, scopes: ["documents:write"] });
});
afterAll(async () => {
  await app.close();
  await database.close();
});

type Form = Record<string, string>;
interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}
const form = { "content-type": "application/x-www-form-urlencoded" };
const post = (fields: Form, headers: Form = {}, to = app) =>
  to.inject({
    method: "POST",
    url: "/oauth/token",
    body: new URLSearchParams(fields).toString(),
    headers: { ...form, ...headers },
  });
const signIn = async (): Promise<Tokens> =>
  (await post({ grant_type: "password", username: "amina", password })).json<Tokens>();
const me = (accessToken: string) => app.inject({ url: "/me", headers: { authorization: `Bearer ${accessToken}` } });

describe("the password grant", () => {
  it("answers as RFC 6749 says, to a form and to JSON", async () => {
    const fields = { grant_type: "password", username: " Amina", password, scope: "ignored" };
    const asForm = await post(fields);
    expect(asForm.statusCode).toBe(200);
    expect(asForm.headers["cache-control"]).toBe("no-store");
    expect(asForm.json()).toMatchObject({ token_type: "Bearer", expires_in: 600 });
    const asJson = await app.inject({ method: "POST", url: "/oauth/token", body: fields });
    expect(asJson.statusCode).toBe(200);
    expect((await me(asJson.json<Tokens>().access_token)).json()).toMatchObject({ username: "amina" });
  });

  it("makes tokens that anybody can check with the published keys", async () => {
    const { access_token } = await signIn();
    const jwks = (await app.inject({ url: "/.well-known/jwks.json" })).json<JSONWebKeySet>();
    const { issuer, audience } = identity;
    const { payload } = await jwtVerify(access_token, createLocalJWKSet(jwks), { issuer, audience, typ: "at+jwt" });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(600);
  });

  it("refuses alike whatever is wrong, to the last byte", async () => {
    await disableUser(database.db, identity.tenant, await identity.user({ username: "gone", password }));
    const attempts = [
      { username: "nobody", password },
      { username: "amina", password: "wrong" },
      { username: "gone", password },
      { username: "amina'; drop table users; --", password },
      { username: "nul\0byte", password },
      { username: "x".repeat(1024), password: "y".repeat(4096) },
    ];
    const answers = [];
    for (const attempt of attempts) {
      const response = await post({ grant_type: "password", ...attempt }, { "x-request-id": "same-request" });
      answers.push({ status: response.statusCode, body: response.body, type: response.headers["content-type"] });
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ status: 400, type: "application/problem+json" });
    expect(JSON.parse(answers[0]?.body ?? "")).toMatchObject({ error: "invalid_grant", status: 400 });
  });

  it("can be switched off", async () => {
    const closed = await createTestApp({ database, identity, config: { passwordGrant: false } });
    const response = await post({ grant_type: "password", username: "amina", password }, {}, closed);
    expect(response.json()).toMatchObject({ status: 400, error: "unsupported_grant_type" });
  });

  it("leaves a trail without names that were not recognised, and without passwords", async () => {
    await post({ grant_type: "password", username: "my-password-by-mistake", password: "another-secret" });
    const entries = JSON.stringify(await database.db.select().from(audit).where(eq(audit.action, "auth.sign-in")));
    expect(entries).toContain('"outcome":"failure"');
    expect(entries).not.toMatch(/mistake|another-secret/);
  });
});

describe("requests that are not understood", () => {
  it.each<[string, string, object]>([
    ["no grant type", "", { error: "invalid_request", errors: [{ field: "/grant_type" }] }],
    ["an unknown grant type", "grant_type=magic", { error: "unsupported_grant_type" }],
    ["missing members", "grant_type=password", { errors: [{ field: "/username" }, { field: "/password" }] }],
    ["a member given twice", "grant_type=password&username=a&username=b", { errors: [{ field: "/username" }] }],
  ])("are answered with the field: %s", async (_name, body, expected) => {
    const response = await app.inject({ method: "POST", url: "/oauth/token", body, headers: form });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject(expected);
  });
});

describe("refresh and sign-out", () => {
  it("renew a session until an old token comes back", async () => {
    const first = await signIn();
    const renew = (token: string) => post({ grant_type: "refresh_token", refresh_token: token });
    const second = (await renew(first.refresh_token)).json<Tokens>();
    expect((await me(second.access_token)).statusCode).toBe(200);
    expect((await renew(first.refresh_token)).json()).toMatchObject({ error: "invalid_grant" });
    expect((await me(second.access_token)).statusCode).toBe(401);
    expect((await renew(second.refresh_token)).statusCode).toBe(400);
  });

  it.each(["access_token", "refresh_token"] as const)("end a session by its %s", async (kind) => {
    const tokens = await signIn();
    const revoke = (token: string) => app.inject({ method: "POST", url: "/oauth/revoke", body: { token } });
    for (const token of ["unknown", "a.b.c", tokens[kind], tokens[kind]]) {
      expect((await revoke(token)).statusCode).toBe(200);
    }
    expect((await me(tokens.access_token)).statusCode).toBe(401);
  });
});

describe("client credentials", () => {
  it("are taken in the form and as Basic credentials, and give no refresh token", async () => {
    const basic = Buffer.from(`robot:${clientSecret}`).toString("base64");
    const answers = [
      await post({ grant_type: "client_credentials", client_id: "robot", client_secret: clientSecret }),
      await post({ grant_type: "client_credentials" }, { authorization: `Basic ${basic}` }),
    ];
    for (const answer of answers) {
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).not.toHaveProperty("refresh_token");
      const who = (await me(answer.json<Tokens>().access_token)).json<object>();
      expect(who).toMatchObject({ id: robot, credential: "client", permissions: ["documents:write"] });
    }
  });

  it("are refused alike when id or secret are wrong", async () => {
    for (const [client_id, client_secret] of [
      ["robot", "wrong"],
      ["unknown", clientSecret],
    ] as const) {
      const response = await post({ grant_type: "client_credentials", client_id, client_secret });
      expect(response.statusCode).toBe(401);
      expect(response.headers["www-authenticate"]).toBeDefined();
      expect(response.json()).toMatchObject({
        error: "invalid_client",
        detail: expect.stringContaining("id or") as string,
      });
    }
  });
});

it("limits what one address may try", async () => {
  const strict = await createTestApp({ database, identity, config: { rateLimits: { signIn: 3 } } });
  const statuses = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const response = await post({ grant_type: "magic" }, {}, strict);
    statuses.push(response.statusCode);
    if (response.statusCode === 429) expect(Number(response.headers["retry-after"])).toBeGreaterThan(0);
  }
  expect(statuses).toEqual([400, 400, 400, 429, 429]);
  expect((await strict.inject({ url: "/health" })).statusCode).toBe(200);
});

it("limits what one caller may ask, whatever the address", async () => {
  const strict = await createTestApp({ database, identity, config: { rateLimits: { caller: 2 } } });
  const ask = async (token: string, ip: string) =>
    (await strict.inject({ url: "/me", headers: { authorization: `Bearer ${token}` }, remoteAddress: ip })).statusCode;
  const [one, other] = [await identity.caller(), await identity.caller()];
  const token = await identity.token(one.subject);
  expect([await ask(token, "192.0.2.1"), await ask(token, "192.0.2.2"), await ask(token, "192.0.2.3")]).toEqual([
    200, 200, 429,
  ]);
  expect(await ask(await identity.token(other.subject), "192.0.2.1")).toBe(200);
});
