import * as pulumi from "@pulumi/pulumi";
import type { Images } from "../images.ts";
import { filePath, type RunningWorkload, type Runtime } from "../runtime/workload.ts";
import { GeneratedSecret } from "../security/generated-secret.ts";

/** Arguments of {@link LlamaServer}. */
export interface LlamaServerArgs {
  readonly runtime: Runtime;
  readonly images: Images;
  /** Hugging Face repository with its quantisation, such as `Qwen/Qwen2.5-1.5B-Instruct-GGUF:Q4_K_M`. */
  readonly model: string;
  /** Name clients ask for. */
  readonly servedModelName: string;
  readonly host: string;
  /** Longest prompt and answer together, in tokens. */
  readonly contextTokens: number;
  /** Requests computed at a time; they share the context's memory. */
  readonly concurrentSequences: number;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Time to fetch and load the model. @default 900 */
  readonly startSeconds?: number;
}

const port = 8080;

/** llama.cpp's server: a small model on CPUs, for environments without a GPU. */
export class LlamaServer extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:models:LlamaServer";
  readonly running: RunningWorkload;
  readonly url: string;
  /** Secret. */
  readonly apiKey: pulumi.Output<string>;

  constructor(name: string, args: LlamaServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super(LlamaServer.__pulumiType, name, {}, opts);
    const apiKey = new GeneratedSecret(`${name}-api-key`, {}, { parent: this });
    this.running = args.runtime.run(
      name,
      {
        image: args.images["llama-cpp"],
        entrypoint: ["/app/llama-server"],
        args: [
          ...["--hf-repo", args.model, "--alias", args.servedModelName],
          ...["--host", "0.0.0.0", "--port", String(port)],
          // The context is divided among the slots.
          ...["--ctx-size", String(args.contextTokens * args.concurrentSequences)],
          ...["--parallel", String(args.concurrentSequences), "--threads", String(Math.ceil(args.cpus))],
          ...["--api-key-file", filePath("api-key"), "--jinja", "--metrics"],
        ],
        env: { LLAMA_CACHE: "/data", HOME: "/tmp" },
        secrets: { "api-key": apiKey.value },
        ports: { http: { port, exposure: "backend" } },
        // The model is fetched from Hugging Face at the first start.
        reaches: ["internet"],
        volumes: [{ name: `${name}-cache`, path: "/data", giveToUser: true }],
        health: {
          command: ["curl", "-sf", "-o", "/dev/null", `http://127.0.0.1:${String(port)}/health`],
          startSeconds: args.startSeconds ?? 900,
        },
        user: "1000:1000",
        cpus: args.cpus,
        memoryMiB: args.memoryMiB,
        replicas: [{ host: args.host }],
        metrics: { port: "http", path: "/metrics" },
      },
      this,
    );
    this.url = `http://${this.running.address("http")}/v1`;
    this.apiKey = apiKey.value;
    this.registerOutputs({ url: this.url });
  }
}
