import * as pulumi from "@pulumi/pulumi";
import type { Images } from "../images.ts";
import type { RunningWorkload, Runtime, Workload } from "../runtime/workload.ts";
import { GeneratedSecret } from "../security/generated-secret.ts";

/** Arguments of {@link VllmServer}. */
export interface VllmServerArgs {
  readonly runtime: Runtime;
  readonly images: Images;
  /** Hugging Face repository. */
  readonly model: string;
  /** Commit of the repository. @default the newest, which changes without notice */
  readonly revision?: string;
  /** Name clients ask for. */
  readonly servedModelName: string;
  readonly host: string;
  /** Indices of the GPUs on that host; empty runs the CPU build. */
  readonly gpus: readonly number[];
  /** Longest prompt and answer together, in tokens. */
  readonly contextTokens: number;
  /** Requests computed at a time. */
  readonly concurrentSequences: number;
  /** Share of each GPU's memory. @default 0.92 */
  readonly gpuMemoryUtilization?: number;
  /** Cards one copy is split over. @default the number of GPUs */
  readonly tensorParallelSize?: number;
  /** Parser of tool calls, which also switches them on. @default no tool calls */
  readonly toolCallParser?: string;
  /** @default none */
  readonly reasoningParser?: string;
  /** More flags, as they are. @default none */
  readonly extraArgs?: readonly string[];
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Time to load the model. @default 1800 */
  readonly startSeconds?: number;
  /** For gated repositories. Secret. @default none */
  readonly huggingFaceToken?: pulumi.Input<string>;
}

const port = 8000;

/** Flags of `vllm serve`. Quantisation is left out on purpose: vLLM reads it from the checkpoint and picks the fast kernel. */
export function vllmArgs(args: Omit<VllmServerArgs, "runtime" | "images" | "huggingFaceToken">): string[] {
  const optional = (flag: string, value: string | number | undefined) =>
    value === undefined ? [] : [flag, String(value)];
  const gpuFlags = [
    "--tensor-parallel-size",
    String(args.tensorParallelSize ?? args.gpus.length),
    "--gpu-memory-utilization",
    String(args.gpuMemoryUtilization ?? 0.92),
  ];
  return [
    args.model,
    ...optional("--revision", args.revision),
    "--served-model-name",
    args.servedModelName,
    "--host",
    "0.0.0.0",
    "--port",
    String(port),
    ...(args.gpus.length > 0 ? gpuFlags : []),
    "--max-model-len",
    String(args.contextTokens),
    "--max-num-seqs",
    String(args.concurrentSequences),
    ...(args.toolCallParser ? ["--enable-auto-tool-choice", "--tool-call-parser", args.toolCallParser] : []),
    ...optional("--reasoning-parser", args.reasoningParser),
    "--disable-access-log-for-endpoints",
    "/health,/metrics",
    ...(args.extraArgs ?? []),
  ];
}

/** One vLLM process. Its port stays inside: paths outside `/v1` ignore the API key. */
export class VllmServer extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:models:VllmServer";
  readonly running: RunningWorkload;
  readonly url: string;
  /** Secret. */
  readonly apiKey: pulumi.Output<string>;

  constructor(name: string, args: VllmServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super(VllmServer.__pulumiType, name, {}, opts);
    const apiKey = new GeneratedSecret(`${name}-api-key`, {}, { parent: this });
    this.running = args.runtime.run(name, createWorkload(name, args, apiKey.value), this);
    this.url = `http://${this.running.address("http")}/v1`;
    this.apiKey = apiKey.value;
    this.registerOutputs({ url: this.url });
  }
}

function createWorkload(name: string, args: VllmServerArgs, apiKey: pulumi.Output<string>): Workload {
  const { gpus, huggingFaceToken } = args;
  return {
    image: gpus.length > 0 ? args.images.vllm : args.images["vllm-cpu"],
    entrypoint: ["vllm", "serve"],
    args: vllmArgs(args),
    env: {
      HF_HOME: "/data/huggingface",
      VLLM_CACHE_ROOT: "/data/vllm",
      HOME: "/tmp",
      VLLM_NO_USAGE_STATS: "1",
      // Above the gateway's idle time, or it would reuse a connection that was just closed here.
      VLLM_HTTP_TIMEOUT_KEEP_ALIVE: "75",
    },
    secrets: { "api-key": apiKey, ...(huggingFaceToken ? { "hf-token": huggingFaceToken } : {}) },
    secretEnv: { VLLM_API_KEY: "api-key", ...(huggingFaceToken ? { HF_TOKEN: "hf-token" } : {}) },
    ports: { http: { port, exposure: "backend" } },
    // The model is fetched from Hugging Face at the first start.
    reaches: ["internet"],
    volumes: [{ name: `${name}-cache`, path: "/data", giveToUser: true }],
    tmpfs: { "/tmp": 2048 },
    health: {
      command: [
        "python3",
        "-c",
        `import urllib.request as u; u.urlopen("http://127.0.0.1:${String(port)}/health", timeout=3)`,
      ],
      startSeconds: args.startSeconds ?? 1800,
      intervalSeconds: 10,
      timeoutSeconds: 8,
    },
    user: "2000:2000",
    cpus: args.cpus,
    memoryMiB: args.memoryMiB,
    // The tensor-parallel workers talk through shared memory.
    sharedMemoryMiB: 4096,
    gpus,
    stopSeconds: 60,
    replicas: [{ host: args.host }],
    metrics: { port: "http", path: "/metrics" },
  };
}
