import type { App } from "@ai-platform/api/deps.ts";
import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { recordUsage } from "@ai-platform/core/usage.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp } from "../../support/app.ts";
import { createTestIdentity, type TestIdentity, type UserSpec } from "../../support/identity.ts";

let database: Database;
let identity: TestIdentity;
let app: App;
beforeAll(async () => {
  database = await openEmbedded();
  identity = await createTestIdentity(database.db);
  app = await createTestApp({ database, identity });
});
afterAll(async () => {
  await app.close();
  await database.close();
});

type Method = "GET" | "POST" | "PATCH" | "DELETE";
/** Somebody with a session, and what they get by asking. */
async function actAs(spec: UserSpec = {}) {
  const id = await identity.user(spec);
  const headers = { authorization: `Bearer ${await identity.token(id)}` };
  const ask = async (method: Method, url: string, body?: object) => {
    const response = await app.inject({ method, url, headers, ...(body ? { body } : {}) });
    return { status: response.statusCode, body: response.body === "" ? {} : response.json<Record<string, unknown>>() };
  };
  return { id, ask, headers };
}
const adminOf = (department: string) => actAs({ department: "hr", roles: ["employee", { role: "admin", department }] });
const newUser = (more: object = {}) => ({
  username: `new-${Math.random().toString(36).slice(2)}`,
  displayName: "New",
  department: "hr",
  roles: [{ role: "employee", department: "*" }],
  ...more,
});

describe("administrators", () => {
  it("add, change, disable and enable people", async () => {
    const admin = await adminOf("*");
    const added = await admin.ask("POST", "/users", newUser({ password: "correct horse battery", clearance: 2 }));
    expect(added).toMatchObject({ status: 201, body: { clearance: 2, disabled: false } });
    expect(JSON.stringify(added.body)).not.toMatch(/password|argon2/i);
    const url = `/users/${String(added.body.id)}`;
    expect(await admin.ask("PATCH", url, { disabled: true })).toMatchObject({ status: 200, body: { disabled: true } });
    expect(await admin.ask("PATCH", url, { disabled: false })).toMatchObject({ body: { disabled: false } });
    expect(await admin.ask("PATCH", url, {})).toMatchObject({ status: 200 });
    expect(await admin.ask("PATCH", url, { clearance: 4 })).toMatchObject({
      status: 400,
      body: { errors: [{ field: "/clearance" }] },
    });
    const entries = await (
      await actAs({ roles: [{ role: "auditor", department: "*" }] })
    ).ask("GET", `/audit?target=user:${String(added.body.id)}`);
    expect(entries.body.entries).toMatchObject([{}, {}, {}, { action: "user.created", actor: `user:${admin.id}` }]);
  });

  it("are told what is wrong with a new user, and nothing is kept", async () => {
    const admin = await adminOf("*");
    const wrong = [
      [newUser({ department: "nowhere" }), 400, "/department"],
      [newUser({ roles: [{ role: "editor", department: "nowhere" }] }), 400, "/department"],
      [newUser({ username: "two words" }), 400, "/username"],
      [newUser({ password: "password" }), 400, "/password"],
      [newUser({ roles: [{ role: "king", department: "*" }] }), 400, "/roles/0/role"],
      [newUser({ isAdmin: true }), 400, "/isAdmin"],
    ] as const;
    for (const [body, status, field] of wrong) {
      expect(await admin.ask("POST", "/users", body)).toMatchObject({ status, body: { errors: [{ field }] } });
    }
    const twice = newUser();
    await admin.ask("POST", "/users", twice);
    expect(await admin.ask("POST", "/users", twice)).toMatchObject({ status: 409 });
  });

  it("of one department stay in it", async () => {
    const admin = await adminOf("hr");
    expect(await admin.ask("POST", "/users", newUser())).toMatchObject({ status: 201 });
    const [sysadmin, chief, colleague] = [
      await identity.user({ department: "it" }),
      await identity.user({ department: "hr", roles: [{ role: "admin", department: "*" }] }),
      await identity.user({ department: "hr" }),
    ];
    const beyond = [
      ["POST", "/users", newUser({ department: "it" })],
      ["POST", "/users", newUser({ roles: [{ role: "editor", department: "it" }] })],
      ["POST", "/users", newUser({ roles: [{ role: "auditor", department: "*" }] })],
      ["POST", "/users", newUser({ clearance: 1 })],
      ["POST", "/departments", { code: "legal", name: "Legal" }],
      ["PATCH", `/users/${sysadmin}`, { disabled: true }],
      ["PATCH", `/users/${chief}`, { password: "taken over by me" }],
      ["PATCH", `/users/${colleague}`, { department: "it" }],
      ["PATCH", `/users/${admin.id}`, { roles: [{ role: "admin", department: "*" }] }],
      ["PATCH", `/users/${admin.id}`, { clearance: 3 }],
    ] as const;
    for (const [method, url, body] of beyond) {
      expect(await admin.ask(method, url, body), `${url} ${JSON.stringify(body)}`).toMatchObject({ status: 403 });
    }
    const { users } = (await admin.ask("GET", "/users")).body as { users: { department: string }[] };
    expect(new Set(users.map(({ department }) => department))).toEqual(new Set(["hr"]));
  });

  it("see nobody of another tenant", async () => {
    const stranger = await (await createTestIdentity(database.db)).user();
    const admin = await adminOf("*");
    expect(await admin.ask("PATCH", `/users/${stranger}`, { disabled: true })).toMatchObject({ status: 404 });
  });
});

describe("API keys", () => {
  it("are shown once and can be revoked by their owner", async () => {
    const owner = await actAs();
    const made = await owner.ask("POST", "/keys", { name: "laptop", scopes: ["agents:ask", "keys:own"] });
    expect(made.status).toBe(201);
    const key = String(made.body.key);
    const withKey = (url: string, body?: object) =>
      app.inject({ method: body ? "POST" : "GET", url, headers: { "x-api-key": key }, ...(body ? { body } : {}) });
    expect((await withKey("/me")).json()).toMatchObject({
      credential: "api-key",
      permissions: ["agents:ask", "keys:own"],
    });
    const wider = await withKey("/keys", { name: "wider", scopes: ["usage:own"] });
    expect(wider.statusCode, "a key makes no key that may do more").toBe(403);
    expect((await withKey("/me/password", { currentPassword: "x", newPassword: "y" })).statusCode).toBe(403);
    const listed = await owner.ask("GET", "/keys");
    expect(listed.body.keys).toMatchObject([{ name: "laptop", prefix: key.slice(0, 15) }]);
    expect(JSON.stringify(listed.body)).not.toContain(key);
    const url = `/keys/${String(made.body.id)}`;
    expect(await (await actAs()).ask("DELETE", url), "somebody else's").toMatchObject({ status: 404 });
    expect(await owner.ask("DELETE", url)).toMatchObject({ status: 204 });
    expect((await withKey("/me")).statusCode).toBe(401);
  });

  it("are rotated with an overlap, in which both work", async () => {
    const owner = await actAs();
    const made = await owner.ask("POST", "/keys", { name: "laptop", scopes: ["agents:ask"] });
    const rotate = (overlapHours: number) =>
      owner.ask("POST", `/keys/${String(made.body.id)}/rotate`, { overlapHours });
    const works = async (key: unknown) =>
      (await app.inject({ url: "/me", headers: { "x-api-key": String(key) } })).statusCode === 200;
    const first = await rotate(24);
    expect(first.status).toBe(201);
    expect([await works(made.body.key), await works(first.body.key)]).toEqual([true, true]);
    const second = await rotate(0);
    expect([await works(made.body.key), await works(second.body.key)]).toEqual([false, true]);
    expect(await rotate(24), "an expired key is not brought back").toMatchObject({ status: 409 });
    const stranger = await actAs();
    expect(await stranger.ask("POST", `/keys/${String(second.body.id)}/rotate`, {})).toMatchObject({ status: 404 });
  });

  it("for others exist for service accounts only, in the administrator's departments", async () => {
    const admin = await adminOf("hr");
    const make = (userId: string) => admin.ask("POST", "/keys", { name: "robot", scopes: ["agents:ask"], userId });
    const robot = (department: string) => identity.user({ isService: true, department, roles: ["service"] });
    expect(await make(await robot("hr"))).toMatchObject({ status: 201 });
    expect(await make(await robot("it"))).toMatchObject({ status: 403 });
    expect(await make(await identity.user())).toMatchObject({ status: 403 });
  });
});

it("changes one's own password for the current one, and ends the sessions", async () => {
  const user = await actAs({ username: "changer", password: "correct horse battery" });
  const change = (currentPassword: string, newPassword: string) =>
    user.ask("POST", "/me/password", { currentPassword, newPassword });
  expect(await change("wrong", "a better password")).toMatchObject({ status: 400 });
  expect(await change("correct horse battery", "password")).toMatchObject({ status: 400 });
  expect(await change("correct horse battery", "a better password")).toMatchObject({ status: 204 });
  expect(await user.ask("GET", "/me")).toMatchObject({ status: 401 });
});

describe("usage", () => {
  it("is one's own, or that of the departments one keeps the books of", async () => {
    const at = new Date("2026-03-10T12:00:00Z");
    const book = (id: string, userId: string, department: string, cost: string) =>
      recordUsage(database.db, {
        requestId: id,
        at,
        tenant: identity.tenant,
        userId,
        department,
        model: "chat",
        agent: "=cmd",
        promptTokens: 10,
        completionTokens: 5,
        cost,
      });
    const user = await actAs();
    await book("u1", user.id, "hr", "0.100000000001");
    await book("u2", user.id, "hr", "0.2");
    await book("u3", "somebody", "it", "7");
    expect(await book("u3", "somebody", "it", "7"), "counted once").toBe(false);
    const period = "from=2026-03-10&to=2026-03-10";
    const own = await user.ask("GET", `/usage?${period}`);
    expect(own.body.lines).toMatchObject([
      { calls: 2, promptTokens: 20, completionTokens: 10, cost: "0.300000000001" },
    ]);
    const [all, it] = [
      await actAs({ roles: [{ role: "finance", department: "*" }] }),
      await actAs({ roles: [{ role: "finance", department: "it" }] }),
    ];
    expect((await all.ask("GET", `/usage/report?${period}`)).body.lines).toMatchObject([
      { department: "it" },
      { department: "hr" },
    ]);
    expect((await it.ask("GET", `/usage/report?${period}`)).body.lines).toMatchObject([
      { department: "it", cost: "7.000000000000" },
    ]);
    expect((await all.ask("GET", "/usage/report?from=2026-03-11&to=2026-03-31")).body.lines).toEqual([]);
    expect(await all.ask("GET", "/usage/report?from=2026-03-11&to=2026-03-01")).toMatchObject({ status: 400 });
    const csv = await app.inject({ url: `/usage/report?${period}&format=csv`, headers: it.headers });
    expect(csv.headers["content-type"]).toContain("text/csv");
    expect(csv.body.split("\r\n")).toEqual([
      "department,userId,agent,model,calls,failures,cacheHits,promptTokens,completionTokens,cost",
      "it,somebody,'=cmd,chat,1,0,0,10,5,7.000000000000",
      "",
    ]);
    const byDay = await all.ask("GET", `/usage/report?${period}&by=day,keyId`);
    expect(byDay.body.lines).toMatchObject([{ day: "2026-03-10", keyId: null, calls: 3, cost: "7.300000000001" }]);
    expect(await all.ask("GET", `/usage/report?${period}&by=colour`)).toMatchObject({ status: 400 });
  });
});

it("pages through the audit trail of one's own tenant", async () => {
  const auditor = await actAs({ roles: [{ role: "auditor", department: "*" }] });
  const first = await auditor.ask("GET", "/audit?limit=2");
  const seqs = (page: typeof first) => (page.body.entries as { seq: number }[]).map(({ seq }) => seq);
  const second = await auditor.ask("GET", `/audit?limit=2&before=${String(first.body.next)}`);
  expect(Math.max(...seqs(second))).toBeLessThan(Math.min(...seqs(first)));
  expect(await auditor.ask("GET", "/audit/verification")).toMatchObject({ status: 200 });
  const partial = await actAs({ roles: [{ role: "auditor", department: "hr" }] });
  expect(await partial.ask("GET", "/audit")).toMatchObject({ status: 403 });
});
