import * as pulumi from "@pulumi/pulumi";
import type { ImageBuild, Replica, RunningWorkload, Runtime } from "../runtime/workload.ts";
import { connectionSettings, nodeHealth, type ServiceConnections } from "./service-settings.ts";

/** Arguments of {@link Ingest}. */
export interface IngestArgs {
  readonly runtime: Runtime;
  readonly image: ImageBuild;
  readonly replicas: readonly Replica[];
  readonly connections: ServiceConnections;
  readonly after: readonly RunningWorkload[];
}

const port = 8889;

/** Takes documents from the queue in Postgres, reads them and fills the index. */
export class Ingest extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:apps:Ingest";
  readonly running: RunningWorkload;

  constructor(name: string, args: IngestArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Ingest.__pulumiType, name, {}, opts);
    const { env, secrets } = connectionSettings(args.connections);
    this.running = args.runtime.run(
      name,
      {
        image: args.image,
        args: ["services/ingest/src/main.ts"],
        env: { ...env, PORT: String(port), HOST: "0.0.0.0" },
        secrets,
        ports: { health: { port, exposure: "backend" } },
        // Web pages and databases are sources.
        reaches: ["internet"],
        tmpfs: { "/tmp": 256 },
        health: { command: nodeHealth(port, "/health"), startSeconds: 60 },
        user: "65532:65532",
        cpus: 1,
        memoryMiB: 1024,
        // Documents under way are finished before the stop.
        stopSeconds: 60,
        replicas: args.replicas,
        after: args.after,
        metrics: { port: "health", path: "/metrics" },
      },
      this,
    );
    this.registerOutputs({ address: this.running.address("health") });
  }
}
