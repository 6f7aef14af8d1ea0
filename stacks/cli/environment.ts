import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse } from "yaml";
import { projectName } from "../settings-file.ts";
import { CliError } from "./cli-error.ts";

/** The checkout: every command works from here, whatever the current folder. */
export const repository = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

/** Where a machine keeps what must not be committed: the default backend, its passphrase, and the stacks' salts. */
export const stateFolder = join(repository, ".state");

/** An environment: a stack and its committed settings. */
export interface Environment {
  readonly stack: string;
  readonly settingsFile: string;
}

/** An environment with what the Pulumi CLI needs to reach its state. */
export interface StackAccess extends Environment {
  /** Variables of the CLI. */
  readonly env: Readonly<Record<string, string>>;
  /** The backend is the one below `.state/`, not one of the user's own. */
  readonly local: boolean;
}

/** Finds the environment a command was called for. */
export function findEnvironment(stack: string | undefined): Environment {
  const known = readdirSync(repository).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
  if (stack === undefined || !known.includes(stack)) {
    const got = stack === undefined ? "no environment was named" : `there is no Pulumi.${stack}.yaml`;
    throw new CliError(`${got}; allowed is one of ${known.join(", ")}, such as: npm run up -- ${known[0] ?? "dev"}`);
  }
  return { stack, settingsFile: join(repository, `Pulumi.${stack}.yaml`) };
}

/** The user's own backend and passphrase where they are set, else this machine's, made on first use. */
export function accessStack(environment: Environment, variables = process.env): StackAccess {
  const local = !variables.PULUMI_BACKEND_URL;
  const hasPassphrase = (variables.PULUMI_CONFIG_PASSPHRASE ?? variables.PULUMI_CONFIG_PASSPHRASE_FILE) !== undefined;
  return {
    ...environment,
    local,
    env: {
      ...(local ? localBackend() : {}),
      ...(local && !hasPassphrase ? { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() } : {}),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Node keeps what it compiled: the SDKs are most of the time an `up` without changes takes to begin.
      NODE_COMPILE_CACHE: variables.NODE_COMPILE_CACHE ?? join(stateFolder, "compile-cache"),
      PULUMI_ERROR_OUTPUT_STRING: "true",
    },
  };
}

/** Where the file backend keeps a stack; looking there spares a run of the CLI. */
export function localStackFile(stack: string): string {
  return join(stateFolder, "backend", ".pulumi", "stacks", projectName, `${stack}.json`);
}

function localBackend(): Record<string, string> {
  const folder = join(stateFolder, "backend");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return { PULUMI_BACKEND_URL: pathToFileURL(folder).href };
}

function passphraseFile(): string {
  const file = join(stateFolder, "passphrase");
  if (existsSync(file)) return file;
  if (existsSync(join(stateFolder, "backend", ".pulumi", "stacks"))) {
    throw new CliError(
      `${file} is gone, but stacks are encrypted with it; put it back, or set PULUMI_CONFIG_PASSPHRASE to what was in it`,
    );
  }
  writeFileSync(file, randomBytes(32).toString("base64url"), { mode: 0o600 });
  console.error(
    `Made a passphrase for this machine's stacks: ${file}. Keep a copy; without it their secrets are lost.`,
  );
  return file;
}

/**
 * The settings file to hand to the CLI. The passphrase provider keeps a salt per stack in the settings; for a backend of
 * this machine alone it does not belong into the committed file, so it lives in a copy below `.state/`.
 */
export function settingsWithSalt({ stack, settingsFile, local }: StackAccess): string {
  const saltFile = join(stateFolder, `${stack}.salt`);
  const settings = readFileSync(settingsFile, "utf8");
  if (!local || readSalt(settings) !== undefined || !existsSync(saltFile)) return settingsFile;
  const copy = join(stateFolder, `Pulumi.${stack}.yaml`);
  writeFileSync(copy, `${settings.trimEnd()}\nencryptionsalt: ${readFileSync(saltFile, "utf8")}\n`, { mode: 0o600 });
  return copy;
}

/** Takes the salt that `stack init` wrote out of the committed settings. */
export function moveSalt({ stack, settingsFile, local }: StackAccess, before: string): void {
  const after = readFileSync(settingsFile, "utf8");
  const salt = readSalt(after);
  if (!local || salt === undefined || readSalt(before) !== undefined) return;
  writeFileSync(join(stateFolder, `${stack}.salt`), salt, { mode: 0o600 });
  writeFileSync(settingsFile, before);
}

function readSalt(settings: string): string | undefined {
  const salt = (parse(settings) as { encryptionsalt?: unknown } | null)?.encryptionsalt;
  return typeof salt === "string" ? salt : undefined;
}
