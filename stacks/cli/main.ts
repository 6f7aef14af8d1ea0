import { stackPrefix } from "../../components/naming.ts";
import { ConfigError } from "../config.ts";
import { checkSettingsFile, projectName } from "../settings-file.ts";
import { CliError } from "./cli-error.ts";
import { showFailedContainers } from "./container-logs.ts";
import { findEngineProblems } from "./engine-checks.ts";
import { accessStack, findEnvironment, type StackAccess } from "./environment.ts";
import { findHints } from "./hints.ts";
import { ensureStack, runPulumi } from "./pulumi-cli.ts";
import { recover } from "./recover.ts";
import { showSecret } from "./show-secret.ts";

const usage = "node stacks/cli/main.ts <up|preview|refresh|destroy|recover|secret|pulumi> <environment> [arguments]";

/** Flags of the commands that run unattended. */
const defaults: Readonly<Record<string, readonly string[]>> = {
  up: ["--yes", "--skip-preview"],
  preview: [],
  refresh: ["--yes", "--skip-preview"],
  destroy: ["--yes", "--skip-preview"],
};

async function main([command = "", stack, ...rest]: readonly string[]): Promise<void> {
  if (!(command in defaults) && !["recover", "secret", "pulumi"].includes(command)) {
    throw new CliError(`unknown command "${command}"; usage: ${usage}`);
  }
  const access = accessStack(findEnvironment(stack));
  await ensureStack(access);
  if (command === "pulumi") {
    await runCommand(access, rest);
    return;
  }
  if (command === "secret") return showSecret(access, rest[0]);
  const { settings } = checkSettingsFile(access.settingsFile, access.stack);
  const prefix = stackPrefix(projectName, access.stack);
  const problems = await findEngineProblems(settings, prefix, access.stack);
  // Destroying asks for no free port; the port may be ours in another state.
  if (problems.length > 0 && command !== "destroy") throw new CliError(problems.join("\n"));
  if (command === "recover") return recover(access, settings);
  const failed = await runCommand(access, [command, ...(defaults[command] ?? []), "--non-interactive", ...rest]);
  if (failed && command === "up") await showFailedContainers(settings, prefix);
}

/** Whether it failed. */
async function runCommand(access: StackAccess, args: readonly string[]): Promise<boolean> {
  const { code, stdout, stderr } = await runPulumi(access, args, { show: true });
  for (const hint of code === 0 ? [] : findHints(stdout + stderr, access.stack)) console.error(`\n${hint}`);
  process.exitCode = code;
  return code !== 0;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CliError) && !(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
