import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { CliError } from "./cli-error.ts";
import { localStackFile, moveSalt, repository, settingsWithSalt, type StackAccess } from "./environment.ts";

/** What a run of the CLI gave. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Commands that read the stack's settings and take `--config-file`. `config` writes them, so it gets the real file. */
const readsSettings = new Set(["up", "preview", "refresh", "destroy"]);

export interface RunOptions {
  /** The output goes to the terminal as it comes. @default false */
  readonly show?: boolean;
}

/** Runs the Pulumi CLI for the stack of an access. */
export function runPulumi(access: StackAccess, args: readonly string[], options: RunOptions = {}): Promise<CliResult> {
  const settings = readsSettings.has(args[0] ?? "") ? ["--config-file", settingsWithSalt(access)] : [];
  return runCli(access, [...args, "--stack", access.stack, ...settings], options);
}

/** Makes the stack where it does not exist yet. */
export async function ensureStack(access: StackAccess): Promise<void> {
  if (access.local && existsSync(localStackFile(access.stack))) return;
  const list = await runCli(access, ["stack", "ls", "--json"]);
  if (list.code !== 0) throw new CliError(`the Pulumi CLI cannot list stacks: ${list.stderr.trim()}`);
  const stacks = JSON.parse(list.stdout) as { name: string }[];
  if (stacks.some(({ name }) => name.split("/").at(-1) === access.stack)) return;
  const before = readFileSync(access.settingsFile, "utf8");
  const made = await runCli(access, ["stack", "init", access.stack]);
  if (made.code !== 0) throw new CliError(`the stack ${access.stack} could not be made: ${made.stderr.trim()}`);
  moveSalt(access, before);
}

function runCli(access: StackAccess, args: readonly string[], { show = false }: RunOptions = {}): Promise<CliResult> {
  // The npm package `pulumi` is the CLI: it fetches the binary of its own version once.
  const cli = join(repository, "node_modules", "pulumi", "run.js");
  const tools = join(repository, "node_modules", ".bin");
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: repository,
    env: { ...process.env, ...access.env, PATH: `${tools}${delimiter}${process.env.PATH ?? ""}` },
    stdio: ["inherit", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (chunk: string) => {
      text[stream] += chunk;
      if (show) process[stream].write(chunk);
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, ...text }));
  });
}
