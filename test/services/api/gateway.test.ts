import { randomUUID } from "node:crypto";
import type { App } from "@ai-platform/api/deps.ts";
import { type Database, openEmbedded } from "@ai-platform/core/db/database.ts";
import { usage } from "@ai-platform/core/db/schema/index.ts";
import { createAuthorizer, secondsToNextMonth } from "@ai-platform/core/gateway/authorizer.ts";
import type { GatewayIdentity } from "@ai-platform/core/gateway/gateway-identity.ts";
import { setLimit, setModelPolicy } from "@ai-platform/core/gateway/limits.ts";
import { disableUser } from "@ai-platform/core/identity/directory.ts";
import { eq, sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestApp } from "../../support/app.ts";
import { createTestIdentity, type TestIdentity } from "../../support/identity.ts";

let database: Database;
let identity: TestIdentity;
let app: App;

beforeAll(async () => {
  database = await openEmbedded();
});
beforeEach(async () => {
  identity = await createTestIdentity(database.db);
  app = await newApp();
});
afterAll(() => database.close());

/** Each application decides afresh; within one, a decision may be four seconds old. */
const newApp = () =>
  createTestApp({
    database,
    identity,
    deps: {
      gateway: {
        usageKey: "usage-key",
        authorizer: createAuthorizer({
          db: database.db,
          verifier: identity.verifier,
          servedModels: ["chat", "coding", "fast"],
        }),
      },
    },
  });

const signIn = async (spec: Parameters<TestIdentity["user"]>[0] = {}) => {
  const user = await identity.user(spec);
  return { user, authorization: `Bearer ${await identity.token(user)}` };
};
const authorize = (headers: Record<string, string>) =>
  app.inject({ method: "GET", url: "/internal/authorize", headers });
const identityOf = (response: Awaited<ReturnType<typeof authorize>>) =>
  JSON.parse(
    Buffer.from(String(response.headers["x-platform-identity"]), "base64url").toString("utf8"),
  ) as GatewayIdentity;
const problemOf = (response: Awaited<ReturnType<typeof authorize>>) => ({
  ...(JSON.parse(String(response.headers["x-refusal"])) as { type: string; detail: string }),
  status: response.headers["x-refusal-status"],
});

describe("GET /internal/authorize", () => {
  it("tells the gateway who calls", async () => {
    const { user, authorization } = await signIn({ department: "legal" });
    const response = await authorize({ authorization });
    expect(response.statusCode).toBe(204);
    expect(identityOf(response)).toEqual({
      tenant: identity.tenant,
      subject: user,
      team: "legal",
      models: ["chat", "coding", "fast"],
      external: true,
      cache: "team",
    });
  });

  it("answers 401 with the problem in a header where nobody is verified", async () => {
    const response = await authorize({ authorization: "Bearer nonsense" });
    expect(response.statusCode).toBe(401);
    expect(problemOf(response)).toMatchObject({ status: "401", type: "urn:ai-platform:problem:unauthenticated" });
    expect(response.headers["x-platform-identity"]).toBeUndefined();
  });

  it("refuses a caller without the permission to use models", async () => {
    const { authorization } = await signIn({ roles: ["auditor"] });
    expect(problemOf(await authorize({ authorization })).status).toBe("403");
  });

  it("ignores an identity the client made up", async () => {
    const { authorization, user } = await signIn();
    const response = await authorize({ authorization, "x-platform-identity": "eyJ0ZWFtIjoibGVnYWwifQ" });
    expect(identityOf(response)).toMatchObject({ subject: user, team: "hr" });
  });

  it("takes a model role only where the department may use it", async () => {
    await setModelPolicy(database.db, identity.tenant, "hr", { models: ["fast"], confidential: true });
    const { authorization } = await signIn();
    const granted = identityOf(await authorize({ authorization, "x-model-role": "fast" }));
    expect(granted).toMatchObject({ role: "fast", models: ["fast"], external: false });
    const refused = problemOf(await authorize({ authorization, "x-model-role": "coding" }));
    expect(refused).toMatchObject({ status: "403", detail: 'X-Model-Role is "coding"; you may use: fast.' });
  });

  it("warns at the soft budget, refuses at the hard one and says when to come back", async () => {
    const { user, authorization } = await signIn();
    await setLimit(database.db, identity.tenant, "department", "hr", { softBudget: 1, hardBudget: 2 });
    expect((await authorize({ authorization })).headers["x-budget-warning"]).toBeUndefined();
    await spend(user, "1.5");
    app = await newApp();
    expect((await authorize({ authorization })).headers["x-budget-warning"]).toContain("1.50 of 1 USD");
    await spend(user, "0.5");
    app = await newApp();
    const refused = await authorize({ authorization });
    expect(problemOf(refused)).toMatchObject({ status: "429", type: "urn:ai-platform:problem:budget-exceeded" });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  });

  it("counts requests a minute", async () => {
    const { user, authorization } = await signIn();
    await setLimit(database.db, identity.tenant, "user", user, { requestsPerMinute: 3 });
    const statuses = [];
    for (let call = 0; call < 5; call += 1) statuses.push((await authorize({ authorization })).statusCode);
    expect(statuses).toEqual([204, 204, 204, 403, 403]);
    const refused = await authorize({ authorization });
    expect(problemOf(refused).status).toBe("429");
    expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(60);
  });

  it("forgets a decision within five seconds of a revocation", async () => {
    const { user, authorization } = await signIn();
    expect((await authorize({ authorization })).statusCode).toBe(204);
    await disableUser(database.db, identity.tenant, user);
    await new Promise((resolve) => setTimeout(resolve, 4_600));
    expect((await authorize({ authorization })).statusCode).toBe(401);
  });

  const spend = (user: string, cost: string) =>
    database.db.insert(usage).values({
      requestId: randomUUID(),
      tenant: identity.tenant,
      userId: user,
      department: "hr",
      model: "chat",
      promptTokens: 1,
      completionTokens: 1,
      cost,
    });
});

describe("POST /internal/usage", () => {
  const row = (id: string, cost: string, outcome: "success" | "failure" = "success") => ({
    id,
    at: Date.now() / 1000,
    tenant: identity.tenant,
    subject: randomUUID(),
    team: "hr",
    model: "chat",
    promptTokens: 11,
    completionTokens: 7,
    cost,
    outcome,
  });
  const report = (rows: ReturnType<typeof row>[], key = "usage-key") =>
    app.inject({
      method: "POST",
      url: "/internal/usage",
      headers: { authorization: `Bearer ${key}` },
      payload: { rows },
    });
  const total = async () => {
    const [sum] = await database.db
      .select({ cost: sql<string>`coalesce(sum(cost), 0)`, rows: sql<number>`count(*)::int` })
      .from(usage)
      .where(eq(usage.tenant, identity.tenant));
    return { cost: Number(sum?.cost), rows: sum?.rows };
  };

  it("refuses a wrong key and keeps nothing of a report with one bad row", async () => {
    expect((await report([row("a", "1")], "wrong")).statusCode).toBe(401);
    expect((await report([row("a", "1"), row("b", "-1")])).statusCode).toBe(400);
    expect(await total()).toEqual({ cost: 0, rows: 0 });
  });

  it("counts each call once, however often and in whatever batches it is reported", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(7), { maxLength: 20 }),
        async (ids, repeats) => {
          const before = await total();
          const rows = ids.map((id) => row(id, "0.000032000000"));
          const resent = repeats.map((index) => rows[index % rows.length]).filter((each) => each !== undefined);
          await report(rows);
          await report(resent);
          const after = await total();
          expect((after.rows ?? 0) - (before.rows ?? 0)).toBe(ids.length);
          expect(after.cost - before.cost).toBeCloseTo(ids.length * 0.000032, 10);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("replaces the failure of a retried call with its success, and never the other way", async () => {
    await report([row("retried", "0", "failure")]);
    await report([row("retried", "0.5")]);
    await report([row("retried", "0", "failure")]);
    expect(await total()).toEqual({ cost: 0.5, rows: 1 });
  });
});

describe("secondsToNextMonth", () => {
  it("ends on the first of the next month, UTC, also in December", () => {
    expect(secondsToNextMonth(new Date("2026-12-31T23:59:00Z"))).toBe(60);
    expect(secondsToNextMonth(new Date("2026-11-30T00:00:00Z"))).toBe(86_400);
  });
});
