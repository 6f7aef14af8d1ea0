import { spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse, stringify } from "yaml";
import { killTree } from "./processes.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const copied = [
  "package.json",
  "package-lock.json",
  ".npmrc",
  "Pulumi.yaml",
  "components",
  "stacks",
  "services",
  "test/e2e/consumer",
];
/** The run has a backend of its own, whatever the user has set up. */
const noBackend = {
  PULUMI_BACKEND_URL: undefined,
  PULUMI_CONFIG_PASSPHRASE: undefined,
  PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
};
const leftOut = new Set(["node_modules", ".data", ".state"]);

/** What a command printed, and how it ended. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  /** Standard output and error as they came. */
  readonly output: string;
}

/** The dev environment under a name, ports and a subnet of its own. */
export interface DevEnvironment {
  readonly stack: string;
  readonly domain: string;
  readonly httpsPort: number;
  readonly httpPort: number;
  /** Reads a setting of `Pulumi.<stack>.yaml`, changes it and writes it back. */
  editSettings(edit: (config: Record<string, unknown>) => void): void;
  /** Runs `npm run <script> -- <stack> <arguments>` as its user would. */
  run(script: string, args?: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** Runs the program in `consumer/` against the environment's stack. @returns its outputs */
  runConsumer(): Promise<unknown>;
  /** Deletes the folder, with the state in it. */
  remove(): void;
}

export interface RunOptions {
  /** Kills the command and everything it started, as a power cut would. */
  readonly killWhen?: Promise<unknown>;
}

/**
 * Copies what `npm run up` needs into a folder of its own: state, passphrase and settings of the run land there, so that
 * nothing in the working copy changes.
 * @param images overrides for `images.overrides`
 */
export async function createDevEnvironment(images: Readonly<Record<string, string>>): Promise<DevEnvironment> {
  const stack = `e2e-${randomBytes(3).toString("hex")}`;
  const folder = mkdtempSync(join(tmpdir(), `ai-platform-${stack}-`));
  for (const path of copied) {
    const filter = (source: string) => !leftOut.has(basename(source));
    cpSync(join(repository, path), join(folder, path), { recursive: true, filter });
  }
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  const settings = join(folder, `Pulumi.${stack}.yaml`);
  const editSettings: DevEnvironment["editSettings"] = (edit) => {
    const content = parse(readFileSync(settings, "utf8")) as { config: Record<string, unknown> };
    edit(content.config);
    writeFileSync(settings, stringify(content));
  };
  const [httpPort, httpsPort] = await Promise.all([freePort(), freePort()]);
  cpSync(join(repository, "Pulumi.dev.yaml"), settings);
  let domain = "";
  editSettings((config) => {
    domain = config["ai-platform:domain"] as string;
    const edge = config["ai-platform:edge"] as object;
    const subnet = `10.${randomInt(64, 192)}.${randomInt(0, 256)}.0/24`;
    config["ai-platform:edge"] = { ...edge, httpPort, httpsPort, subnet };
    config["ai-platform:images"] = { overrides: images };
  });
  return {
    stack,
    domain,
    httpPort,
    httpsPort,
    editSettings,
    run: (script, args = [], options = {}) =>
      runCommand(folder, ["npm", "run", "--silent", script, "--", stack, ...args], options),
    runConsumer: () => runConsumer(folder, stack),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** As the other team would: with the CLI, on the backend the platform's stack is in. */
async function runConsumer(folder: string, platform: string): Promise<unknown> {
  const env = {
    PULUMI_BACKEND_URL: pathToFileURL(join(folder, ".state", "backend")).href,
    PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, ".state", "passphrase"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const cwd = join(folder, "test", "e2e", "consumer");
  const pulumi = async (...args: string[]) => {
    const cli = join(folder, "node_modules", "pulumi", "run.js");
    const command = [process.execPath, cli, ...args, "--stack", "consumer", "--non-interactive"];
    const { code, stdout, output } = await runCommand(cwd, command, { env });
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${String(code)}:\n${output.slice(-4000)}`);
    return stdout;
  };
  await pulumi("stack", "init");
  await pulumi("config", "set", "platform", `organization/ai-platform/${platform}`);
  await pulumi("up", "--yes", "--skip-preview");
  const outputs: unknown = JSON.parse(await pulumi("stack", "output", "--json"));
  await pulumi("destroy", "--yes", "--skip-preview");
  return outputs;
}

async function runCommand(
  cwd: string,
  [program = "", ...args]: string[],
  { env = {}, killWhen }: RunOptions & { readonly env?: Readonly<Record<string, string>> },
): Promise<CommandResult> {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...noBackend, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const kill = () => {
    if (child.pid && child.exitCode === null) killTree(child.pid);
  };
  // Where the moment never comes, the command ends by itself and its code says so.
  killWhen?.then(kill, () => undefined);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  return { code, stdout, output };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "0.0.0.0", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
