import { execFile } from "node:child_process";
import { request } from "node:http";
import { createServer } from "node:net";
import { promisify } from "node:util";
import type { PlatformSettings } from "../config-schema.ts";

const run = promisify(execFile);

/** What must hold before containers are made; one line per problem, each with its way out. */
export async function findEngineProblems(settings: PlatformSettings, prefix: string, stack: string): Promise<string[]> {
  const answers = await Promise.all(
    Object.entries(settings.hosts).map(async ([name, { engine }]) => {
      const problem = await ping(engine);
      if (problem === undefined) return [];
      return [
        `\`hosts.${name}.engine\` is ${engine}, where no Docker engine answers (${problem}); ` +
          `start Docker there, or mend the address in Pulumi.${stack}.yaml`,
      ];
    }),
  );
  const problems = answers.flat();
  const engine = settings.hosts[settings.edge.host]?.engine;
  if (problems.length > 0 || engine === undefined) return problems;
  return portProblems(settings, engine, prefix, stack);
}

/** `undefined` where the engine answers. */
async function ping(engine: string): Promise<string | undefined> {
  try {
    if (engine.startsWith("unix://")) await get(engine, "/_ping");
    else if (engine.startsWith("ssh://")) await sshPing(engine);
    else await fetch(`${engine.replace(/^tcp:/, "http:")}/_ping`, { signal: AbortSignal.timeout(5_000) });
    return undefined;
  } catch (error) {
    const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
    return stderr?.trim().split("\n").at(-1) ?? (typeof code === "string" ? code : message);
  }
}

async function sshPing(engine: string): Promise<void> {
  const { username, hostname, port } = new URL(engine);
  const target = username ? `${username}@${hostname}` : hostname;
  const options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5", ...(port ? ["-p", port] : [])];
  await run("ssh", [...options, target, "docker", "version", "--format", "ok"]);
}

/** Ports of the edge that somebody else has; only where the engine is this machine's. */
async function portProblems(
  { edge }: PlatformSettings,
  engine: string,
  prefix: string,
  stack: string,
): Promise<string[]> {
  if (!engine.startsWith("unix://")) return [];
  const filters = JSON.stringify({ label: [`ai-platform.stack=${prefix}`] });
  const ours = JSON.parse(await get(engine, `/containers/json?filters=${encodeURIComponent(filters)}`)) as {
    Ports: { PublicPort?: number }[];
  }[];
  const ourPorts = new Set(ours.flatMap(({ Ports }) => Ports.map(({ PublicPort }) => PublicPort)));
  const problems: string[] = [];
  for (const key of ["httpPort", "httpsPort"] as const) {
    const port = edge[key];
    if (ourPorts.has(port) || !(await isTaken(port))) continue;
    problems.push(
      `\`edge.${key}\` is ${String(port)}, which another program on this machine listens on; stop it, or set a free port in Pulumi.${stack}.yaml`,
    );
  }
  return problems;
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    // Without the right to bind low ports the engine, which has it, must find out.
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRINUSE"));
    probe.listen(port, "0.0.0.0", () => probe.close(() => resolve(false)));
  });
}

function get(engine: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socketPath = engine.replace(/^unix:\/\//, "");
    const sent = request({ socketPath, path, host: "docker", timeout: 5_000 }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.once("end", () => resolve(body));
    });
    sent.once("timeout", () => sent.destroy(new Error("no answer within 5 s")));
    sent.once("error", reject).end();
  });
}
