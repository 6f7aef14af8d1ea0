import { readFileSync } from "node:fs";
import { parse } from "yaml";
import * as z from "zod";
import { type CheckedSettings, ConfigError, parseSettings } from "./config.ts";

export const projectName = "ai-platform";

const fileSchema = z.object({ config: z.record(z.string(), z.unknown()).default({}) });
const encrypted = z.strictObject({ secure: z.string() });

/** A settings file as it stands, without decrypting anything. */
export interface SettingsFile {
  /** Plain settings by full key, such as `ai-platform:domain`. */
  readonly plain: Readonly<Record<string, unknown>>;
  /** Full keys of the encrypted ones. */
  readonly secretKeys: readonly string[];
}

/** Reads `Pulumi.<stack>.yaml` without the CLI. */
export function readSettingsFile(path: string): SettingsFile {
  const text = readFileSync(path, "utf8");
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (error) {
    throw new ConfigError(`${path} is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { config } = fileSchema.parse(content);
  const entries = Object.entries(config);
  return {
    plain: Object.fromEntries(entries.filter(([, value]) => !encrypted.safeParse(value).success)),
    secretKeys: entries.filter(([, value]) => encrypted.safeParse(value).success).map(([key]) => key),
  };
}

/** Checks a settings file as the program would. */
export function checkSettingsFile(path: string, stack: string): CheckedSettings {
  const { plain, secretKeys } = readSettingsFile(path);
  const prefix = `${projectName}:`;
  const own = Object.entries(plain).filter(([key]) => key.startsWith(prefix));
  return parseSettings(Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])), stack, (key) =>
    secretKeys.includes(prefix + key),
  );
}
