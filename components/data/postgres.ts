import * as pulumi from "@pulumi/pulumi";
import { filePath, type RunningWorkload } from "../runtime/workload.ts";
import { GeneratedSecret } from "../security/generated-secret.ts";
import type { DataStoreArgs } from "./data-args.ts";

const port = 5432;
const dataFolder = "/var/lib/postgresql/data";

/** PostgreSQL for users, documents, usage and audit. Stateful. 1024 MiB unless told otherwise. */
export class Postgres extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:data:Postgres";
  readonly running: RunningWorkload;
  /** Connection string with the password. Secret. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: DataStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Postgres.__pulumiType, name, {}, opts);
    const password = new GeneratedSecret(`${name}-password`, {}, { parent: this });
    const memoryMiB = args.memoryMiB ?? 1024;
    this.running = args.runtime.run(
      name,
      {
        image: args.images.postgres,
        args: [
          "postgres",
          "-c",
          `shared_buffers=${String(Math.floor(memoryMiB / 4))}MB`,
          "-c",
          "password_encryption=scram-sha-256",
        ],
        env: {
          POSTGRES_USER: "platform",
          POSTGRES_DB: "platform",
          POSTGRES_PASSWORD_FILE: filePath("password"),
          POSTGRES_INITDB_ARGS: "--data-checksums --auth-local=peer --auth-host=scram-sha-256",
          // A folder below the mount, because a volume's root may hold lost+found, which initdb refuses.
          PGDATA: `${dataFolder}/pgdata`,
        },
        secrets: { password: password.value },
        ports: { sql: { port, exposure: "backend" } },
        volumes: [{ name, path: dataFolder, stateful: true }],
        tmpfs: { "/var/run/postgresql": 8 },
        health: { command: ["pg_isready", "--host", "127.0.0.1", "--username", "platform"], startSeconds: 60 },
        user: "999:999",
        cpus: args.cpus ?? 1,
        memoryMiB,
        sharedMemoryMiB: 256,
        // A fast shutdown writes a checkpoint; cut short, the next start replays the log.
        stopSeconds: 60,
        replicas: [{ host: args.host }],
      },
      this,
    );
    const address = this.running.address("sql");
    this.url = pulumi.secret(pulumi.interpolate`postgresql://platform:${password.value}@${address}/platform`);
    this.registerOutputs({ address });
  }
}
