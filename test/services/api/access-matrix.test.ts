import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { apiKeys } from "@ai-platform/core/db/schema/index.ts";
import { createAuthorizer } from "@ai-platform/core/gateway/authorizer.ts";
import { createApiKey } from "@ai-platform/core/identity/api-keys.ts";
import { disableUser } from "@ai-platform/core/identity/directory.ts";
import { permissions } from "@ai-platform/core/identity/permissions.ts";
import type { App } from "@ai-platform/api/deps.ts";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp } from "../../support/app.ts";
import { createTestIdentity } from "../../support/identity.ts";
import { accessMatrix, verifiedKinds, type AccessRow, type VerifiedKind } from "./access-matrix.ts";

/** Credentials that nobody gets in with. */
const unverifiedKinds = ["anonymous", "expired key", "disabled user"] as const;
type Kind = VerifiedKind | (typeof unverifiedKinds)[number];

let database: Database;
let app: App;
const headersOf = new Map<Kind, Record<string, string>>();

beforeAll(async () => {
  database = await openEmbedded();
  const identity = await createTestIdentity(database.db);
  const authorizer = createAuthorizer({ db: database.db, verifier: identity.verifier, servedModels: ["chat"] });
  app = await createTestApp({ database, identity, deps: { gateway: { authorizer, usageKey: "usage-key" } } });
  await app.ready();

  const everywhere = (role: "admin" | "finance" | "auditor") => ["employee", { role, department: "*" }] as const;
  const bearer = async (userId: string) => ({ authorization: `Bearer ${await identity.token(userId)}` });
  const key = async (userId: string) =>
    createApiKey(database.db, {
      userId,
      name: "test",
      scopes: permissions,
      environment: "test",
      expiresAt: new Date(Date.now() + 60_000),
    });
  headersOf.set("anonymous", {});
  headersOf.set("employee", await bearer(await identity.user()));
  for (const [kind, department] of [
    ["editor", "hr"],
    ["editor elsewhere", "it"],
  ] as const) {
    const roles = ["employee", { role: "editor", department }] as const;
    headersOf.set(kind, await bearer(await identity.user({ department, roles })));
  }
  for (const role of ["admin", "finance", "auditor"] as const) {
    headersOf.set(role, await bearer(await identity.user({ roles: everywhere(role) })));
  }
  const service = await identity.user({ isService: true, roles: ["service"] });
  headersOf.set("service key", { "x-api-key": (await key(service)).key });
  const expired = await key(service);
  await database.db
    .update(apiKeys)
    .set({ expiresAt: new Date(0) })
    .where(eq(apiKeys.id, expired.id));
  headersOf.set("expired key", { "x-api-key": expired.key });
  const leaver = await identity.user({ roles: everywhere("admin") });
  headersOf.set("disabled user", await bearer(leaver));
  await disableUser(database.db, identity.tenant, leaver);
});
afterAll(async () => {
  await app.close();
  await database.close();
});

describe.each(Object.entries(accessMatrix))("%s", (route, row) => {
  const [method, path] = route.split(" ") as ["GET" | "POST" | "PUT" | "PATCH" | "DELETE", string];
  const url = path.replaceAll(
    /:[a-z]+/gi,
    (name) => row.params?.[name.slice(1)] ?? "00000000-0000-4000-8000-000000000000",
  );

  it.each<Kind>([...unverifiedKinds, ...verifiedKinds])("for %s", async (kind) => {
    const { body, headers } = row.request?.() ?? {};
    const response = await app.inject({
      method,
      url,
      headers: { ...headers, ...headersOf.get(kind) },
      ...(body === undefined ? {} : { body }),
    });
    const got = [401, 403].includes(response.statusCode) ? response.statusCode : "passed";
    expect(got, response.body).toBe(expectedFor(row, kind));
    expect(response.statusCode, response.body).not.toBe(500);
  });
});

function expectedFor(row: AccessRow, kind: Kind): 401 | 403 | "passed" {
  if (row.for === "public") return "passed";
  const verified = verifiedKinds.find((name) => name === kind);
  if (!verified || row.for === "own key") return 401;
  return row.for === "anyone" || row.for.includes(verified) ? "passed" : 403;
}

it("has a row for every route, and no row for a route that is gone", () => {
  const routes = app.routeTable
    .flatMap(({ method, url }) => [method].flat().map((name) => `${name} ${url}`))
    .filter((route) => !route.startsWith("HEAD ") && !route.startsWith("GET /docs/"));
  expect([...new Set(routes)].sort()).toEqual(Object.keys(accessMatrix).sort());
});

it("guards HEAD like GET", async () => {
  for (const [route, row] of Object.entries(accessMatrix)) {
    if (!route.startsWith("GET ") || row.for === "public") continue;
    const url = route.slice(4).replaceAll(/:[a-z]+/gi, "00000000-0000-4000-8000-000000000000");
    expect((await app.inject({ method: "HEAD", url })).statusCode, route).toBe(401);
  }
});
