import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { PlatformSettings } from "../config-schema.ts";

const run = promisify(execFile);

/** Prints the last words of the stack's containers that are not well, where the docker client is installed. */
export async function showFailedContainers(settings: PlatformSettings, prefix: string): Promise<void> {
  for (const { engine } of Object.values(settings.hosts)) {
    const docker = (...args: string[]) => run("docker", ["--host", engine, ...args]);
    const label = ["--filter", `label=ai-platform.stack=${prefix}`];
    try {
      const lists = await Promise.all(
        ["health=unhealthy", "health=starting", "status=restarting"].map((state) =>
          docker("ps", "--all", ...label, "--filter", state, "--format", "{{.Names}}"),
        ),
      );
      const names = new Set(lists.flatMap(({ stdout }) => stdout.split("\n").filter((line) => line !== "")));
      for (const name of names) {
        const { stdout, stderr } = await docker("logs", "--tail", "15", name);
        console.error(`\nLast words of ${name}:\n${(stdout + stderr).trimEnd()}`);
      }
    } catch {
      // Without the docker client the hint names the command to use elsewhere.
      return;
    }
  }
}
