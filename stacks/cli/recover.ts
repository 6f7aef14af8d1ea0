import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { stackPrefix } from "../../components/naming.ts";
import type { PlatformSettings } from "../config-schema.ts";
import { projectName } from "../settings-file.ts";
import { CliError } from "./cli-error.ts";
import type { StackAccess } from "./environment.ts";
import { runPulumi } from "./pulumi-cli.ts";

const run = promisify(execFile);

interface StateResource {
  readonly type: string;
  readonly id?: string;
}

/**
 * Brings a stack back whose `up` was cut off: releases the lock, forgets what was being made, and removes containers
 * and networks that were made but never written down. Volumes stay: the next `up` takes them over by name.
 */
export async function recover(access: StackAccess, settings: PlatformSettings): Promise<void> {
  const { stack } = access;
  // Fails where nothing is locked, which is fine.
  await runPulumi(access, ["cancel", "--yes"]);
  await refresh(access);
  const known = await knownIds(access);
  const label = `ai-platform.stack=${stackPrefix(projectName, stack)}`;
  for (const { engine } of Object.values(settings.hosts)) {
    for (const kind of ["container", "network"] as const) await removeUnknown(engine, kind, label, known);
  }
  console.log("\nWhat the next up would do:");
  const preview = await runPulumi(access, ["preview", "--non-interactive"], { show: true });
  if (preview.code !== 0) throw new CliError("the preview failed; see above");
  console.log(`Recovered. Go on with: npm run up -- ${stack}`);
}

async function refresh(access: StackAccess): Promise<void> {
  const args = ["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--non-interactive"];
  const result = await runPulumi(access, args, { show: true });
  if (result.code !== 0) throw new CliError("the refresh failed; see above");
}

async function knownIds(access: StackAccess): Promise<Set<string>> {
  const exported = await runPulumi(access, ["stack", "export"]);
  if (exported.code !== 0) throw new CliError(`the state could not be read: ${exported.stderr.trim()}`);
  const { deployment } = JSON.parse(exported.stdout) as { deployment: { resources?: StateResource[] } };
  return new Set(
    (deployment.resources ?? []).flatMap(({ type, id }) => (type.startsWith("docker:") && id ? [id] : [])),
  );
}

async function removeUnknown(engine: string, kind: "container" | "network", label: string, known: ReadonlySet<string>) {
  const docker = (...args: string[]) => run("docker", ["--host", engine, kind, ...args]);
  const all = kind === "container" ? ["--all"] : [];
  const { stdout } = await docker("ls", ...all, "--no-trunc", "--quiet", "--filter", `label=${label}`);
  for (const id of stdout.split("\n").filter((line) => line !== "" && !known.has(line))) {
    const force = kind === "container" ? ["--force", "--volumes"] : [];
    await docker("rm", ...force, id);
    console.log(`Removed a ${kind} that the state does not know: ${id.slice(0, 12)}`);
  }
}
