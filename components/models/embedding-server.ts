import * as pulumi from "@pulumi/pulumi";
import type { Images } from "../images.ts";
import type { RunningWorkload, Runtime } from "../runtime/workload.ts";
import { GeneratedSecret } from "../security/generated-secret.ts";

/** Arguments of {@link EmbeddingServer}. */
export interface EmbeddingServerArgs {
  readonly runtime: Runtime;
  readonly images: Images;
  /** Hugging Face repository. */
  readonly model: string;
  /** Commit of the repository. @default the newest, which changes without notice */
  readonly revision?: string;
  readonly host: string;
  /** Index of the GPU on that host. @default runs on CPUs */
  readonly gpu?: number;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Tokens computed at a time; at least the model's longest input. @default 16384 */
  readonly maxBatchTokens?: number;
}

const port = 8080;
const metricsPort = 9000;

/** Text Embeddings Inference: batches by itself, answers 429 when its queue is full. */
export class EmbeddingServer extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:models:EmbeddingServer";
  readonly running: RunningWorkload;
  readonly url: string;
  /** Secret. */
  readonly apiKey: pulumi.Output<string>;

  constructor(name: string, args: EmbeddingServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super(EmbeddingServer.__pulumiType, name, {}, opts);
    const apiKey = new GeneratedSecret(`${name}-api-key`, {}, { parent: this });
    this.running = args.runtime.run(
      name,
      {
        image: args.gpu === undefined ? args.images["tei-cpu"] : args.images["tei-gpu"],
        entrypoint: ["text-embeddings-router"],
        args: [
          ...["--model-id", args.model, ...(args.revision ? ["--revision", args.revision] : [])],
          ...["--hostname", "0.0.0.0", "--port", String(port), "--prometheus-port", String(metricsPort)],
          ...["--max-batch-tokens", String(args.maxBatchTokens ?? 16_384)],
          // A text that is cut short would be found by its beginning only; callers chunk before they embed.
          ...["--auto-truncate", "false", "--json-output"],
        ],
        env: { HUGGINGFACE_HUB_CACHE: "/data", HOME: "/tmp" },
        secrets: { "api-key": apiKey.value },
        secretEnv: { API_KEY: "api-key" },
        ports: { http: { port, exposure: "backend" }, metrics: { port: metricsPort, exposure: "backend" } },
        // The model is fetched from Hugging Face at the first start.
        reaches: ["internet"],
        volumes: [{ name: `${name}-cache`, path: "/data", giveToUser: true }],
        health: {
          command: ["curl", "-sf", "-o", "/dev/null", `http://127.0.0.1:${String(port)}/health`],
          startSeconds: 900,
        },
        user: "1000:1000",
        cpus: args.cpus,
        memoryMiB: args.memoryMiB,
        gpus: args.gpu === undefined ? [] : [args.gpu],
        replicas: [{ host: args.host }],
        metrics: { port: "metrics", path: "/metrics" },
      },
      this,
    );
    this.url = `http://${this.running.address("http")}/v1`;
    this.apiKey = apiKey.value;
    this.registerOutputs({ url: this.url });
  }
}
