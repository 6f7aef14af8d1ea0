import { Writable } from "node:stream";
import { createLogger } from "@ai-platform/core/logger.ts";
import { DrizzleQueryError } from "drizzle-orm";
import { expect, it } from "vitest";

function collect() {
  const lines: string[] = [];
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  return { lines, logger: createLogger({ service: "test", destination }) };
}

it("keeps credentials and content out, at the top and nested", () => {
  const { lines, logger } = collect();
  const hidden = {
    password: "leak-1",
    access_token: "leak-2",
    authorization: "leak-3",
    "x-api-key": "leak-4",
    question: "leak-5",
    text: "leak-6",
    client_secret: "leak-7",
  };
  logger.info(hidden, "top");
  logger.info({ body: hidden, request: { headers: hidden } }, "nested");
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain("leak");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ service: "test", msg: "top", password: "[redacted]" });
});

it("tells of a failed query without the values it carried", () => {
  const { lines, logger } = collect();
  const cause = Object.assign(new Error("duplicate key"), { code: "23505", detail: "Key (text)=(leak)" });
  logger.error({ err: new DrizzleQueryError("insert into t values ($1)", ["leak"], cause) }, "failed");
  expect(lines[0]).not.toContain("leak");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ err: { cause: { code: "23505", message: "duplicate key" } } });
});

it("cannot be made to write a second line", () => {
  const { lines, logger } = collect();
  logger.info({ name: 'x"}\n{"level":30,"msg":"forged' }, "one\nline");
  expect(lines).toHaveLength(1);
  expect(lines[0]?.trimEnd()).not.toContain("\n");
});
