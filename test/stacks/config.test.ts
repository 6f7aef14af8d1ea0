import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseSettings } from "../../stacks/config.ts";

type Settings = Record<string, unknown>;

/** The settings of a shipped environment, to be broken in one place. */
function shipped(stack: "dev" | "prod"): Settings {
  const { config } = parse(readFileSync(`Pulumi.${stack}.yaml`, "utf8")) as { config: Settings };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace("ai-platform:", ""), value]));
}

/** Sets the value at a dotted path; `undefined` removes it. */
function change(settings: Settings, path: string, value: unknown): Settings {
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let target: Settings = settings;
  for (const key of keys) target = (target[key] ??= {}) as Settings;
  if (value === undefined) Reflect.deleteProperty(target, last);
  else target[last] = value;
  return settings;
}

const check = (settings: Settings, stack = "dev", secrets: readonly string[] = []) =>
  parseSettings(settings, stack, (key) => secrets.includes(key));

it.each(["dev", "prod"] as const)("accepts the shipped settings of %s", (stack) => {
  expect(() => check(shipped(stack), stack)).not.toThrow();
});

describe("refuses, with the path in the file and the way out,", () => {
  it.each<[string, string, unknown, ...string[]]>([
    ["an unknown key", "edge.speed", 1, "`edge` has unknown keys: speed"],
    ["an unknown top-level key", "colour", "red", "unknown keys: colour"],
    ["a missing part", "data.postgres", undefined, "`data.postgres`"],
    ["a wrong type", "edge.httpPort", "eighty", "`edge.httpPort`", '"eighty"'],
    ["a role with no model", "models.chat", undefined, "`models.chat`"],
    ["an unknown model", "models.embedding.model", "bge-m4", "`models.embedding.model`", "known:", "bge-m3"],
    ["a shared server that shares", "models.coding.with", "fast", "`models.coding.with`"],
    ["a chat model as embedding", "models.embedding", { server: "shared", with: "chat" }, "`models.embedding.with`"],
    ["a price of 0", "models.chat.promptUsd", 0, "`models.chat.promptUsd`", "above 0"],
    ["a host nobody configured", "edge.host", "front", "`edge.host`", "configured hosts are local"],
    ["a replica on such a host", "apps.api.1.host", "front", "`apps.api.1.host`"],
    [".internal with ACME", "tls", { mode: "acme", email: "it@company.com" }, "`tls.mode`", "private-ca"],
    ["one port for both", "edge.httpsPort", 8080, "`edge.httpsPort`"],
    ["a subnet that is no /24", "edge.subnet", "10.0.0.0/8", "`edge.subnet`", "10.213.7.0/24"],
    ["an engine address without a scheme", "hosts.local.engine", "localhost", "`hosts.local.engine`", "ssh://"],
    [
      "hosts that say nothing of their hardware",
      "hosts.local.compute",
      undefined,
      "`models.embedding.server`",
      "compute",
    ],
    [
      "an unknown accelerator",
      "hosts.local.compute.accelerator",
      "z9000",
      "`hosts.local.compute.accelerator`",
      "known:",
    ],
    ["a fallback to no role", "fallbacks", { chat: ["slow"] }, "`fallbacks.chat.0`"],
    ["a fallback cycle", "fallbacks", { chat: ["fast"], fast: ["chat"] }, "`fallbacks.chat` is a cycle (chat -> fast"],
    ["an unknown image", "images", { overrides: { ngnix: "x:1" } }, "ngnix"],
  ])("%s", (_, path, value, ...expected) => {
    const broken = change(shipped("dev"), path, value);
    for (const text of expected) expect(() => check(broken)).toThrow(text);
  });

  it("a missing secret, with the command that sets it", () => {
    const certificate = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
    const settings = change(shipped("dev"), "tls", { mode: "files", certificate });
    expect(() => check(settings)).toThrow("pulumi config set --secret tlsPrivateKey --stack dev");
    expect(() => check(settings, "dev", ["tlsPrivateKey"])).not.toThrow();
  });

  const external = {
    server: "address",
    url: "https://api.test/v1",
    model: "m",
    external: true,
    promptUsd: 1,
    completionUsd: 1,
  };

  it("a confidential role that can end up outside the company", () => {
    const settings = change(shipped("dev"), "models.fast", external);
    change(settings, "confidentialRoles", ["chat"]);
    expect(() => check(settings, "dev", ["modelApiKey"])).not.toThrow();
    change(settings, "fallbacks", { chat: ["coding"], coding: ["fast"] });
    expect(() => check(settings, "dev", ["modelApiKey"])).toThrow(
      '`confidentialRoles.0` is "chat", which falls back to `fast` outside the company',
    );
  });

  it("an external model without its key", () => {
    expect(() => check(change(shipped("dev"), "models.chat", external))).toThrow("`modelApiKey` is not set");
  });

  it("a fleet that does not fit, with the GiB that are missing", () => {
    const settings = change(shipped("prod"), "hosts.gpu-1.compute.gpus", 1);
    change(settings, "hosts.gpu-2.compute.gpus", 1);
    expect(() => check(settings, "prod")).toThrow(/GiB/);
  });

  it("prod without protected data", () => {
    expect(() => check(change(shipped("prod"), "data.protect", false), "prod")).toThrow("`data.protect`");
  });

  it("everything at once", () => {
    const settings = change(change(shipped("dev"), "edge.host", "a"), "data.redis.host", "b");
    expect(() => check(settings)).toThrow(/`edge\.host`[^]*`data\.redis\.host`/);
  });
});
