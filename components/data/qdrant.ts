import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import { filePath, type RunningWorkload } from "../runtime/workload.ts";
import { GeneratedSecret } from "../security/generated-secret.ts";
import type { DataStoreArgs } from "./data-args.ts";

const port = 6333;
const metricsPort = 6337;

/** Renders Qdrant's config; it holds the API key. */
export function renderQdrantConfig(apiKey: string): string {
  return stringify({
    log_level: "INFO",
    telemetry_disabled: true,
    storage: {
      storage_path: "/qdrant/storage",
      snapshots_path: "/qdrant/snapshots",
      temp_path: "/qdrant/snapshots/tmp",
    },
    service: {
      api_key: apiKey,
      host: "0.0.0.0",
      http_port: port,
      metrics_port: metricsPort,
      // Recovery from a given address would let the server call any host it reaches.
      enable_snapshot_url_recovery: false,
      enable_static_content: false,
    },
    cluster: { enabled: false },
  });
}

/** Qdrant, the vector store. Stateful. 1024 MiB unless told otherwise: vectors x dimensions x 6 bytes. */
export class Qdrant extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:data:Qdrant";
  readonly running: RunningWorkload;
  readonly url: string;
  /** Secret. */
  readonly apiKey: pulumi.Output<string>;

  constructor(name: string, args: DataStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Qdrant.__pulumiType, name, {}, opts);
    const apiKey = new GeneratedSecret(`${name}-api-key`, {}, { parent: this });
    this.running = args.runtime.run(
      name,
      {
        image: args.images.qdrant,
        entrypoint: ["/qdrant/qdrant"],
        args: ["--config-path", filePath("qdrant.yaml")],
        secrets: { "qdrant.yaml": apiKey.value.apply(renderQdrantConfig) },
        ports: { http: { port, exposure: "backend" }, metrics: { port: metricsPort, exposure: "backend" } },
        volumes: [
          { name, path: "/qdrant/storage", stateful: true },
          { name: `${name}-snapshots`, path: "/qdrant/snapshots", stateful: true },
        ],
        // The image has neither curl nor wget; bash opens the socket itself.
        health: { command: ["bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${String(port)}`], startSeconds: 60 },
        user: "1000:1000",
        cpus: args.cpus ?? 1,
        memoryMiB: args.memoryMiB ?? 1024,
        replicas: [{ host: args.host }],
        metrics: { port: "metrics", path: "/metrics" },
      },
      this,
    );
    this.url = `http://${this.running.address("http")}`;
    this.apiKey = apiKey.value;
    this.registerOutputs({ url: this.url });
  }
}
