import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { renderLitellmConfig } from "../../components/gateway/litellm-config.ts";
import { renderNginxConfig } from "../../components/network/nginx-config.ts";
import { endProcess, freePort, gatewayKey, identityHeader, startGateway, startRedis } from "../support/litellm.ts";
import { startWorker } from "../support/model-workers.ts";
import { makeCertificate, startNginx, writeNginxFile } from "../support/nginx.ts";
import { findProgram } from "../support/programs.ts";
import { measure, startApi, type Way } from "./latency.ts";
import { percentile, printTable } from "./support.ts";

const body = JSON.stringify({ model: "chat", messages: [{ role: "user", content: "hello" }] });
const levels = [1, 16, 64];
/** Calls of each way and level, in slices that take turns, so that a slow moment of the machine hits all alike. */
const calls = 320;
const slices = 4;

/** The model server alone, LiteLLM before it, the edge before both, and the edge before the model server without LiteLLM. */
const wayNames = ["worker", "litellm", "edge", "bare"] as const;
type WayName = (typeof wayNames)[number];

/** Latency that edge and authorisation add to a call of LiteLLM, and LiteLLM to a call of the model server. */
export async function benchEdge(): Promise<void> {
  const programs = { nginx: "NGINX", openssl: "OPENSSL", litellm: "LITELLM_BIN", "redis-server": "REDIS_SERVER_BIN" };
  const found = Object.entries(programs).map(([name, variable]) => [name, findProgram(name, variable)] as const);
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length > 0) {
    console.log(`edge: skipped, needs ${missing.join(", ")}`);
    return;
  }
  const paths = Object.fromEntries(found) as Record<keyof typeof programs, string>;
  const folder = mkdtempSync(join(tmpdir(), "bench-edge-"));
  const closers: (() => Promise<void>)[] = [];
  try {
    const ways = await start(paths, folder, closers);
    await Promise.all(Object.values(ways).map((way) => measure(way, 4, 20)));
    const rows = [];
    for (const concurrent of levels) rows.push(await compare(ways, concurrent));
    printTable("Chat completion of a model server that answers in 5 ms; milliseconds", rows);
  } finally {
    for (const close of closers.reverse()) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(
  paths: Readonly<Record<"nginx" | "openssl" | "litellm" | "redis-server", string>>,
  folder: string,
  closers: (() => Promise<void>)[],
): Promise<Record<WayName, Way>> {
  const worker = await startWorker("model");
  closers.push(() => worker.kill());
  const redis = await startRedis(paths["redis-server"]);
  closers.push(redis.stop);
  const { child, port: apiPort, token } = await startApi();
  closers.push(() => endProcess(child));
  const price = { promptPrice: 1e-6, completionPrice: 1e-6 };
  const deployment = { id: "model", group: "chat", servedModel: "model", baseUrl: worker.baseUrl };
  const config = renderLitellmConfig({
    deployments: [{ ...deployment, ...price, maxInputTokens: 32_768 }],
    limitsRedis: { host: "127.0.0.1", port: redis.port },
  });
  const gateway = await startGateway(paths.litellm, config, `http://127.0.0.1:${apiPort}/internal/usage`);
  closers.push(() => gateway.stop());

  makeCertificate(paths.openssl, folder, "ai.test");
  const gatewayKeyFile = writeNginxFile(folder, "key.conf", `proxy_set_header Authorization "Bearer ${gatewayKey}";\n`);
  /** An edge in front of the given address, with the folder's certificate. */
  const startEdge = async (name: string, behind: string): Promise<string> => {
    const ports = { http: await freePort(), https: await freePort(), status: await freePort() };
    const config = renderNginxConfig({
      domain: "ai.test",
      apiAddresses: [`127.0.0.1:${apiPort}`],
      gatewayAddresses: [new URL(behind).host],
      ports,
      publicHttpsPort: ports.https,
      certificateFile: join(folder, "tls.crt"),
      certificateKeyFile: join(folder, "tls.key"),
      gatewayKeyFile,
      maxUploadMiB: 1,
      requestsPerSecond: 10_000,
      answerTimeoutSeconds: 60,
    });
    const own = config.replace("/tmp/nginx.pid", join(folder, `${name}.pid`));
    const nginx = await startNginx(paths.nginx, folder, writeNginxFile(folder, `${name}.conf`, own));
    closers.push(() => endProcess(nginx));
    return `https://127.0.0.1:${ports.https}/v1/chat/completions`;
  };
  const edgeUrl = await startEdge("edge", gateway.baseUrl);
  const bareUrl = await startEdge("bare", worker.baseUrl);
  await sleep(500);
  const identity = identityHeader({ team: "hr", models: ["chat"] });
  const bearer = { authorization: `Bearer ${gatewayKey}`, "x-platform-identity": identity };
  return {
    worker: { url: `${worker.baseUrl}/chat/completions`, headers: {}, body },
    litellm: { url: `${gateway.baseUrl}/v1/chat/completions`, headers: bearer, body },
    edge: { url: edgeUrl, headers: { authorization: `Bearer ${token}` }, body },
    bare: { url: bareUrl, headers: { authorization: `Bearer ${token}` }, body },
  };
}

async function compare(ways: Record<WayName, Way>, concurrent: number) {
  const times: Record<WayName, number[]> = { worker: [], litellm: [], edge: [], bare: [] };
  for (let slice = 0; slice < slices; slice += 1) {
    for (const name of wayNames) {
      times[name].push(...(await measure(ways[name], concurrent, calls / slices)));
    }
  }
  const at = (name: WayName, percent: number) => percentile(times[name], percent);
  return {
    concurrent,
    "edge p50": at("edge", 50).toFixed(1),
    "LiteLLM p50": at("litellm", 50).toFixed(1),
    "added p50": (at("edge", 50) - at("litellm", 50)).toFixed(1),
    "added p99": (at("edge", 99) - at("litellm", 99)).toFixed(1),
    "edge / LiteLLM": (at("edge", 50) / at("litellm", 50)).toFixed(2),
    "edge alone p50": (at("bare", 50) - at("worker", 50)).toFixed(1),
    "edge alone p99": (at("bare", 99) - at("worker", 99)).toFixed(1),
    "LiteLLM's own p50": (at("litellm", 50) - at("worker", 50)).toFixed(1),
  };
}
