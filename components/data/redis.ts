import * as pulumi from "@pulumi/pulumi";
import { filePath, type RunningWorkload } from "../runtime/workload.ts";
import { GeneratedSecret } from "../security/generated-secret.ts";
import type { DataStoreArgs } from "./data-args.ts";
import { renderRedisConfig, type RedisRole } from "./redis-config.ts";

/** Arguments of {@link Redis}. */
export interface RedisArgs extends DataStoreArgs {
  /** `limits` keeps its data over a restart and never evicts; `cache` may forget. */
  readonly role: RedisRole;
}

const port = 6379;

/** Redis. Two instances, because a full answer cache must not evict the counters of the rate limits. 256 MiB unless told otherwise. */
export class Redis extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:data:Redis";
  readonly running: RunningWorkload;
  readonly address: { readonly host: string; readonly port: number };
  /** Secret. */
  readonly password: pulumi.Output<string>;

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Redis.__pulumiType, name, {}, opts);
    const password = new GeneratedSecret(`${name}-password`, {}, { parent: this });
    const memoryMiB = args.memoryMiB ?? 256;
    const config = renderRedisConfig({ role: args.role, memoryMiB, port });
    this.running = args.runtime.run(
      name,
      {
        image: args.images.redis,
        args: ["redis-server", filePath("redis.conf")],
        secrets: {
          "redis.conf": pulumi.interpolate`${config}requirepass ${password.value}\n`,
          password: password.value,
        },
        ports: { redis: { port, exposure: "backend" } },
        volumes: args.role === "limits" ? [{ name, path: "/data", stateful: true }] : [],
        ...(args.role === "cache" ? { tmpfs: { "/data": 8 } } : {}),
        health: {
          command: [
            "sh",
            "-c",
            `REDISCLI_AUTH=$(cat ${filePath("password")}) redis-cli -p ${String(port)} ping | grep -q PONG`,
          ],
          startSeconds: 20,
        },
        user: "999:999",
        cpus: args.cpus ?? 1,
        memoryMiB,
        replicas: [{ host: args.host }],
      },
      this,
    );
    this.address = { host: name, port };
    this.password = password.value;
    this.registerOutputs({ address: this.running.address("redis") });
  }
}
