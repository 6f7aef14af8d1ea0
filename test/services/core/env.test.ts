import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiEnvSchema } from "@ai-platform/api/env.ts";
import { EnvError, envSwitch, parseEnv } from "@ai-platform/core/env.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const schema = z.object({
  SECRET: z.string().min(8, "must have 8 characters"),
  PORT: z.coerce.number().int().default(80),
  SWITCH: envSwitch.default(false),
  KEYS_FILE: z.string().optional(),
});
const problemsOf = (env: Record<string, string>): string[] => {
  try {
    parseEnv(schema, env);
  } catch (error) {
    if (error instanceof EnvError) return error.message.split("\n");
  }
  return [];
};

describe("settings", () => {
  it("come from variables, and secrets from files", () => {
    const file = join(mkdtempSync(join(tmpdir(), "env-")), "secret");
    writeFileSync(file, "from the file\n");
    expect(parseEnv(schema, { SECRET_FILE: file, SWITCH: "true", KEYS_FILE: "/run/keys", PORT: "" })).toEqual({
      SECRET: "from the file",
      PORT: 80,
      SWITCH: true,
      KEYS_FILE: "/run/keys",
    });
  });

  it("that are wrong are all named at once, without their values", () => {
    expect(problemsOf({ SECRET: "short", PORT: "eighty", SWITCH: "yes" })).toEqual([
      "SECRET: must have 8 characters",
      expect.stringContaining("PORT: "),
      "SWITCH: must be true or false",
    ]);
    expect(problemsOf({ SECRET: "short" }).join()).not.toContain("short");
  });

  it("that are missing, doubled or unreadable are told apart", () => {
    expect(problemsOf({})).toEqual([expect.stringContaining("SECRET is not set")]);
    expect(problemsOf({ SECRET: "long enough", SECRET_FILE: "/x" })).toContain(
      "SECRET and SECRET_FILE are both set; keep one",
    );
    expect(problemsOf({ SECRET_FILE: "/nowhere/secret" })[0]).toBe(
      "SECRET_FILE: /nowhere/secret cannot be read (ENOENT)",
    );
  });
});

describe("settings of the API", () => {
  const least = {
    DATABASE_URL: "postgres://u:p@db/platform",
    PUBLIC_URL: "https://ai.example",
    SIGNING_KEYS_FILE: "/run/secrets/keys",
  };
  it("need database, address and keys; passwords are off unless switched on", () => {
    expect(parseEnv(apiEnvSchema, least)).toMatchObject({ PORT: 8888, PASSWORD_GRANT: false, TRUSTED_PROXIES: [] });
    expect(() => parseEnv(apiEnvSchema, {})).toThrow(/DATABASE_URL[^]*PUBLIC_URL[^]*SIGNING_KEYS_FILE/);
  });

  it("refuse a gateway of which only half is known", () => {
    const half = { ...least, GATEWAY_USAGE_KEY: "0123456789abcdef" };
    expect(() => parseEnv(apiEnvSchema, half)).toThrow("OPENAI_BASE_URL");
  });
});
