import * as pulumi from "@pulumi/pulumi";
import { type FleetSettings, planFleet } from "../components/capacity/fleet.ts";
import type { Placement } from "../components/capacity/placement.ts";
import { FleetError } from "../components/capacity/problems.ts";
import { findConfigProblems } from "./config-rules.ts";
import { configSchema, type PlatformSettings, type SecretKey, secretKeys } from "./config-schema.ts";

/** Everything the program is told about an environment. */
export interface PlatformConfig extends PlatformSettings {
  readonly project: string;
  readonly stack: string;
  readonly secrets: Readonly<Partial<Record<SecretKey, pulumi.Output<string>>>>;
  /** Where the placed models run. */
  readonly placement: Placement;
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
  const { settings, placement } = parseSettings(raw, stack, (key) => key in secrets);
  return Object.freeze({ project, stack, secrets, ...settings, placement });
}

/**
 * Checks settings as they stand in `Pulumi.<stack>.yaml`.
 * @throws ConfigError with every problem at once, each under its path in the file
 */
export function parseSettings(
  raw: Readonly<Record<string, unknown>>,
  stack: string,
  hasSecret: (key: SecretKey) => boolean,
): CheckedSettings {
  const result = configSchema.safeParse(raw, { reportInput: true });
  if (!result.success) {
    throw new ConfigError(
      report(
        stack,
        result.error.issues.map((issue) => [issue.path.map(String), describe(issue)]),
      ),
    );
  }
  const settings = result.data;
  const problems = findConfigProblems(settings, { stack, hasSecret });
  if (problems.length > 0)
    throw new ConfigError(
      report(
        stack,
        problems.map(({ path, message }) => [path.map(String), message]),
      ),
    );
  try {
    return { settings, placement: planFleet(fleetOf(settings)) };
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    throw new ConfigError(
      report(
        stack,
        error.problems.map(({ field, message }) => [[settingOf(field)], message]),
      ),
    );
  }
}

/** Settings that hold, and what follows from them before anything is made. */
export interface CheckedSettings {
  readonly settings: PlatformSettings;
  readonly placement: Placement;
}

function fleetOf({ hosts, models, catalog }: PlatformSettings): FleetSettings {
  const roles: Partial<Record<string, FleetSettings["roles"]["chat"]>> = {};
  for (const [role, model] of Object.entries(models)) {
    if (model.server !== "placed") continue;
    const { server: _, ...spec } = model;
    roles[role] = spec;
  }
  const compute = Object.entries(hosts).flatMap(([name, host]) => (host.compute ? [[name, host.compute]] : []));
  return { ...catalog, roles, hosts: Object.fromEntries(compute) as FleetSettings["hosts"] };
}

/** Where a field of the fleet stands in our settings. */
function settingOf(field: string): string {
  if (field.startsWith("hosts.")) return field.replace(/^(hosts\.[^.]+)/, "$1.compute");
  return field.replace(/^(models|accelerators)\./, "catalog.$1.").replace(/^roles/, "models");
}

function report(stack: string, problems: readonly (readonly [readonly string[], string])[]): string {
  const lines = problems.map(([path, message]) => `  \`${path.join(".") || "config"}\` ${message}`);
  return [`Pulumi.${stack}.yaml does not describe a platform:`, ...lines].join("\n");
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
