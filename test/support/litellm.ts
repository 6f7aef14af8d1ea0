import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Key of every gateway a test starts. */
export const gatewayKey = "sk-test-gateway-key";

/** A port nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (address && typeof address === "object") resolve(address.port);
      });
    });
  });
}

/** Ends a process by its id and waits for it. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await Promise.race([gone, sleep(5_000)]);
  child.kill("SIGKILL");
}

/** A real Redis server without persistence. */
export async function startRedis(program: string): Promise<{ port: number; stop: () => Promise<void> }> {
  const port = await freePort();
  const child = spawn(program, ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--requirepass", "test"], {
    stdio: "ignore",
  });
  return { port, stop: () => endProcess(child) };
}

/** Who the edge says is calling. */
export interface TestIdentity {
  readonly tenant?: string;
  readonly team: string;
  readonly models: readonly string[];
  readonly role?: string;
  readonly external?: boolean;
  readonly cache?: "team" | "off";
  readonly concurrentRequests?: number;
}

/** A running LiteLLM proxy. */
export interface Gateway {
  readonly baseUrl: string;
  /** Calls chat completions as the edge would for this caller. */
  chat(identity: TestIdentity, body: Record<string, unknown>): Promise<Response>;
  get(identity: TestIdentity, path: string): Promise<Response>;
  embed(identity: TestIdentity, body: Record<string, unknown>): Promise<Response>;
  stop(): Promise<void>;
}

/** The header by which the edge tells who is calling. */
export const identityHeader = (identity: TestIdentity) =>
  Buffer.from(JSON.stringify({ tenant: "acme", subject: "u-1", external: true, cache: "off", ...identity })).toString(
    "base64url",
  );

/** Starts the real LiteLLM with a rendered config and the project's own gateway module beside it. */
export async function startGateway(program: string, config: string, usageEndpoint: string): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), "gateway-"));
  writeFileSync(join(folder, "config.yaml"), config);
  writeFileSync(join(folder, "key"), gatewayKey);
  writeFileSync(join(folder, "usage-key"), "usage-key");
  copyFileSync("components/gateway/platform_gateway.py", join(folder, "platform_gateway.py"));
  const port = await freePort();
  const log: string[] = [];
  const child = spawn(program, ["--config", join(folder, "config.yaml"), "--port", `${port}`, "--host", "127.0.0.1"], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      LITELLM_MASTER_KEY: gatewayKey,
      LITELLM_MASTER_KEY_FILE: join(folder, "key"),
      PLATFORM_USAGE_KEY_FILE: join(folder, "usage-key"),
      PLATFORM_USAGE_ENDPOINT: usageEndpoint,
      LIMITS_REDIS_PASSWORD: "test",
      CACHE_REDIS_PASSWORD: "test",
      LITELLM_LOCAL_MODEL_COST_MAP: "True",
      LITELLM_MODE: "PRODUCTION",
    },
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => log.push(data.toString()));
  const baseUrl = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt += 1) {
    const up = await fetch(`${baseUrl}/health/liveliness`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) break;
    if (attempt > 240 || child.exitCode !== null)
      throw new Error(`LiteLLM did not start:\n${log.join("").slice(-4000)}`);
    await sleep(500);
  }
  const headers = (identity: TestIdentity) => ({
    authorization: `Bearer ${gatewayKey}`,
    "x-platform-identity": identityHeader(identity),
    "content-type": "application/json",
  });
  const post = (identity: TestIdentity, path: string, body: object) =>
    fetch(`${baseUrl}${path}`, { method: "POST", headers: headers(identity), body: JSON.stringify(body) });
  return {
    baseUrl,
    chat: (identity, body) =>
      post(identity, "/v1/chat/completions", { messages: [{ role: "user", content: "hello" }], ...body }),
    embed: (identity, body) => post(identity, "/v1/embeddings", { input: ["hello"], ...body }),
    get: (identity, path) => fetch(`${baseUrl}${path}`, { headers: headers(identity) }),
    stop: async () => {
      await endProcess(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
