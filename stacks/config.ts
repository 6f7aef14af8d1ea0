import * as pulumi from "@pulumi/pulumi";
import { findConfigProblems } from "./config-rules.ts";
import { configSchema, type PlatformSettings, type SecretKey, secretKeys } from "./config-schema.ts";

/** Everything the program is told about an environment. */
export interface PlatformConfig extends PlatformSettings {
  readonly project: string;
  readonly stack: string;
  readonly secrets: Readonly<Partial<Record<SecretKey, pulumi.Output<string>>>>;
}

/** Settings that do not hold; Pulumi prints the message without a stack trace. */
export class ConfigError extends pulumi.RunError {}

/** Reads the stack's configuration; nothing else in the program does. */
export function readConfig(): PlatformConfig {
  const config = new pulumi.Config();
  const project = pulumi.getProject();
  const stack = pulumi.getStack();
  const prefix = `${project}:`;
  const raw: Record<string, unknown> = {};
  const secrets: Partial<Record<SecretKey, pulumi.Output<string>>> = {};
  for (const key of Object.keys(pulumi.runtime.allConfig())) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    if (isSecretKey(name)) secrets[name] = config.requireSecret(name);
    else raw[name] = parseValue(config.require(name));
  }
  return Object.freeze({ project, stack, secrets, ...parseSettings(raw, stack, (key) => key in secrets) });
}

/**
 * Checks settings as they stand in `Pulumi.<stack>.yaml`.
 * @throws ConfigError with every problem at once, each under its path in the file
 */
export function parseSettings(
  raw: Readonly<Record<string, unknown>>,
  stack: string,
  hasSecret: (key: SecretKey) => boolean,
): PlatformSettings {
  const result = configSchema.safeParse(raw);
  const problems = result.success
    ? findConfigProblems(result.data, { stack, hasSecret })
    : result.error.issues.map((issue) => ({ path: issue.path as (string | number)[], message: describe(issue) }));
  if (result.success && problems.length === 0) return result.data;
  const lines = problems.map(({ path, message }) => `  \`${path.map(String).join(".") || "config"}\` ${message}`);
  throw new ConfigError([`Pulumi.${stack}.yaml does not describe a platform:`, ...lines].join("\n"));
}

function describe(issue: { code?: string; message: string; input?: unknown; keys?: unknown }): string {
  if (issue.code === "unrecognized_keys" && Array.isArray(issue.keys)) {
    return `has unknown keys: ${issue.keys.join(", ")}; remove them or mend their spelling`;
  }
  const got = issue.input === undefined ? "" : ` (got ${JSON.stringify(issue.input).slice(0, 80)})`;
  return `${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}${got}`;
}

function isSecretKey(name: string): name is SecretKey {
  return (secretKeys as readonly string[]).includes(name);
}

/** Pulumi hands objects, numbers and switches over as JSON text, and strings as they are. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
