import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stackPrefix } from "../../components/naming.ts";
import { projectName } from "../../stacks/settings-file.ts";
import { createDevEnvironment } from "../e2e/checkout.ts";
import { removeLeftovers } from "../e2e/engine.ts";
import { findObstacle, prepareParts } from "../e2e/requirements.ts";
import { findProgram } from "../support/programs.ts";
import { renderComposeFile } from "./compose-file.ts";
import { percentile, printTable } from "./support.ts";

const rounds = 5;

/** Nothing to change: `up` and `plan` of the dev environment beside `docker-compose up -d` of the same containers. */
export async function benchUp(): Promise<void> {
  const obstacle = await findObstacle();
  if (obstacle) {
    console.log(`bench: up: skipped: ${obstacle}`);
    return;
  }
  const environment = await createDevEnvironment(prepareParts().images);
  const prefix = stackPrefix(projectName, environment.stack);
  const command = async (script: string, ...args: string[]) => {
    const { code, output } = await environment.run(script, args);
    if (code !== 0) throw new Error(`npm run ${script} ended with ${String(code)}:\n${output.slice(-4000)}`);
  };
  try {
    await command("up");
    const rows = [
      await measure("npm run up, nothing to change", () => command("up")),
      await measure("npm run plan", () => command("plan")),
      ...(await measureCompose(prefix)),
    ];
    printTable(`Nothing to change, ${String(rounds)} rounds, seconds`, rows);
  } finally {
    await environment.run("destroy");
    removeLeftovers(prefix);
    environment.remove();
  }
}

async function measureCompose(prefix: string) {
  const compose = findProgram("docker-compose", "DOCKER_COMPOSE");
  if (!compose) {
    console.log("bench: up: no docker-compose on the PATH; install it (apt install docker-compose) to compare");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "bench-compose-"));
  const run = (...args: string[]) =>
    execFileSync(compose, ["--project-name", `${prefix}-compose`, ...args], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
  try {
    writeFileSync(join(folder, "docker-compose.yml"), renderComposeFile(prefix));
    run("up", "-d");
    return [await measure("docker-compose up -d, nothing to change", async () => run("up", "-d"))];
  } finally {
    run("down", "--volumes", "--timeout", "2");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(what: string, act: () => Promise<unknown>) {
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    await act();
    seconds.push((performance.now() - start) / 1000);
  }
  const [best, median] = [Math.min(...seconds), percentile(seconds, 50)];
  return { what, best: best.toFixed(2), median: median.toFixed(2) };
}
