import { kvBytesPerToken } from "../capacity/memory.ts";
import type { PlacedReplica } from "../capacity/placement.ts";
import {
  modelUser,
  revisionArgs,
  type ServerSettings,
  type ServerWorkload,
  startSeconds,
  weightsFolder,
  weightsVolume,
} from "./model-server.ts";

export const vllmPort = 8000;
/** Time running requests get to finish after the stop signal. */
const SHUTDOWN_SECONDS = 60;
/** vLLM's image keeps the `examples` folder of its repository here; the CPU image does not carry it. */
const imageFolder = "/vllm-workspace";

/**
 * Arguments of `vllm serve` 0.32. `--quantization` is left out on purpose: vLLM reads it from the checkpoint and picks
 * the fast kernels. The API key is never an argument; vLLM reads `VLLM_API_KEY`.
 */
export function vllmArgs(replica: PlacedReplica): string[] {
  const { request } = replica;
  return [
    request.checkpoint.repository,
    ...revisionArgs(replica),
    ...["--served-model-name", request.model.id],
    ...["--host", "0.0.0.0", "--port", String(vllmPort)],
    ...["--max-model-len", String(request.context)],
    ...["--max-num-seqs", String(replica.maxSequences)],
    ...["--max-num-batched-tokens", String(replica.batchTokens)],
    ...memoryArgs(replica),
    ...parserArgs(replica),
    // The repository has no files in the vendor's format, which vLLM would otherwise prefer for this model.
    ...(request.checkpoint.forceHfFormat
      ? ["--tokenizer-mode", "hf", "--config-format", "hf", "--load-format", "hf"]
      : []),
    ...["--shutdown-timeout", String(SHUTDOWN_SECONDS)],
    ...["--disable-access-log-for-endpoints", "/health,/metrics"],
  ];
}

function memoryArgs({ request, host, tensorParallel, memoryFraction, kvTokens }: PlacedReplica): string[] {
  if (!host.accelerator) {
    // Without it the CPU build reserves most of the machine's memory, and refuses to start where others use some.
    return ["--kv-cache-memory-bytes", String(kvTokens * kvBytesPerToken(request.model, tensorParallel))];
  }
  return [
    ...["--tensor-parallel-size", String(tensorParallel)],
    ...["--gpu-memory-utilization", memoryFraction.toFixed(2)],
  ];
}

function parserArgs({ request, host }: PlacedReplica): string[] {
  const { toolCallParser, reasoningParser } = request.model;
  const { chatTemplate } = request.checkpoint;
  const template =
    chatTemplate !== undefined && host.accelerator ? ["--chat-template", templatePath(chatTemplate)] : [];
  return [
    ...(reasoningParser === undefined ? [] : ["--reasoning-parser", reasoningParser]),
    ...(toolCallParser === undefined
      ? []
      : ["--enable-auto-tool-choice", "--tool-call-parser", toolCallParser, ...template]),
  ];
}

function templatePath(chatTemplate: string): string {
  return chatTemplate.startsWith("/") ? chatTemplate : `${imageFolder}/${chatTemplate}`;
}

/** Describes one vLLM process from its placement. Its port must stay inside: paths outside `/v1` ignore the API key. */
export function describeVllm(replica: PlacedReplica, settings: ServerSettings): ServerWorkload {
  const { host, tensorParallel, memory } = replica;
  const start = startSeconds(replica, settings);
  return {
    entrypoint: ["vllm", "serve"],
    args: vllmArgs(replica),
    env: {
      HF_HOME: weightsFolder,
      VLLM_CACHE_ROOT: "/cache/vllm",
      // Kernels compiled at start go here, or each restart would compile them again.
      HOME: "/cache",
      TRITON_CACHE_DIR: "/cache/triton",
      VLLM_NO_USAGE_STATS: "1",
      VLLM_ENGINE_READY_TIMEOUT_S: String(start),
      // Above the gateway's idle time, or it would reuse a connection that was just closed here.
      VLLM_HTTP_TIMEOUT_KEEP_ALIVE: "75",
      ...(settings.offline ? { HF_HUB_OFFLINE: "1" } : {}),
    },
    volumes: [weightsVolume, { name: `${replica.name}-compile-cache`, path: "/cache", giveToUser: true }],
    tmpfs: { "/tmp": 2048 },
    health: {
      command: [
        "python3",
        "-c",
        `import urllib.request as u; u.urlopen("http://127.0.0.1:${vllmPort}/health", timeout=3)`,
      ],
      startSeconds: start,
      intervalSeconds: 10,
      timeoutSeconds: 8,
    },
    user: modelUser,
    // One core per worker spins beside the server and the tokenizer.
    cpus: 2 + 2 * tensorParallel,
    memoryMiB: host.accelerator ? 6144 * (1 + tensorParallel) : Math.ceil((memory.totalGiB + 2) * 1024),
    // The tensor-parallel workers talk through shared memory.
    sharedMemoryMiB: 2048 + 1024 * tensorParallel,
    gpus: replica.gpus,
    ports: { http: { port: vllmPort, exposure: "backend" } },
    metrics: { port: "http", path: "/metrics" },
    stopSeconds: SHUTDOWN_SECONDS + 15,
  };
}
