import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createTestApp } from "../../support/app.ts";
import { createTestIdentity, type TestIdentity } from "../../support/identity.ts";

let database: Database;
let identity: TestIdentity;
beforeAll(async () => {
  database = await openEmbedded();
  identity = await createTestIdentity(database.db);
});
afterAll(() => database.close());

describe("default deny", () => {
  it("does not start with a route that does not say whom it is for", async () => {
    const app = await createTestApp({ database, identity });
    app.get("/forgotten", () => "open");
    await expect(app.ready()).rejects.toThrow("GET /forgotten");
  });

  it("checks the caller before it reads the body", async () => {
    const app = await createTestApp({ database, identity });
    app.post("/closed", { config: { permission: "users:manage" } }, () => "done");
    const response = await app.inject({
      method: "POST",
      url: "/closed",
      body: "{not json",
      headers: { "content-type": "application/json" },
    });
    expect(response.statusCode).toBe(401);
    expect(response.headers["www-authenticate"]).toContain("Bearer");
  });
});

describe("problems", () => {
  it.each([
    { name: "no such route", url: "/nothing", status: 404, code: "not-found" },
    { name: "a body that is not JSON", body: "{", status: 400, code: "invalid-request" },
    { name: "a body of no known type", body: "x", type: "text/x-unknown", status: 415, code: "unsupported-media" },
    { name: "a body over the limit", body: JSON.stringify("x".repeat(2 ** 20)), status: 413, code: "too-large" },
    { name: "a failure of our own", body: '{"text":"fail","count":1}', status: 500, code: "internal" },
  ])(
    "answers $name with a problem document",
    async ({ url = "/echo", body = "{}", type = "application/json", status, code }) => {
      const app = await createTestApp({ database, identity });
      app.post(
        "/echo",
        { config: { public: true }, schema: { body: z.strictObject({ text: z.string(), count: z.int() }) } },
        () => {
          throw new Error("the password is hunter2");
        },
      );
      const response = await app.inject({ method: "POST", url, body, headers: { "content-type": type } });
      expect(response.statusCode).toBe(status);
      expect(response.headers["content-type"]).toBe("application/problem+json");
      expect(response.json()).toMatchObject({
        type: `urn:ai-platform:problem:${code}`,
        status,
        requestId: response.headers["x-request-id"],
      });
      expect(response.body).not.toMatch(/hunter2|\.ts:\d+/);
    },
  );

  it("names every field that is wrong", async () => {
    const app = await createTestApp({ database, identity });
    const body = z.strictObject({ text: z.string(), nested: z.object({ count: z.int() }) });
    app.post("/echo", { config: { public: true }, schema: { body } }, () => "ok");
    const response = await app.inject({
      method: "POST",
      url: "/echo",
      body: { nested: { count: 1.5 }, extra: 1, more: 2 },
    });
    const { errors } = response.json<{ errors: { field: string }[] }>();
    expect(errors.map(({ field }) => field).sort()).toEqual(["/extra", "/more", "/nested/count", "/text"]);
  });
});

it("serves documentation, health and metrics", async () => {
  const app = await createTestApp({ database, identity });
  for (const url of ["/health", "/ready", "/metrics", "/openapi.json", "/docs/"]) {
    expect((await app.inject({ url })).statusCode, url).toBe(200);
  }
  expect((await app.inject({ url: "/health" })).headers["content-security-policy"]).toContain("default-src 'none'");
});

it("describes every route with its right, its answers and its problems", async () => {
  const app = await createTestApp({ database, identity });
  type Operation = { description?: string; security?: unknown[]; responses: Record<string, unknown> };
  const document = (await app.inject({ url: "/openapi.json" })).json<{
    paths: Record<string, Record<string, Operation>>;
  }>();
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
  );
  expect(operations.length).toBeGreaterThan(25);
  for (const { name, description, security, responses } of operations) {
    if (security === undefined) expect(description, name).toMatch(/Permission: `|Any signed-in caller/);
    expect(responses, name).toHaveProperty("default.content.application/problem+json");
    expect(
      Object.keys(responses).some((status) => status.startsWith("2")),
      name,
    ).toBe(true);
  }
});

it("is not ready while it stops", async () => {
  const app = await createTestApp({ database, identity, deps: { isStopping: () => true } });
  expect((await app.inject({ url: "/ready" })).statusCode).toBe(503);
  expect((await app.inject({ url: "/health" })).statusCode).toBe(200);
});
