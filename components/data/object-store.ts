import * as pulumi from "@pulumi/pulumi";
import type { RunningWorkload } from "../runtime/workload.ts";
import { GeneratedSecret } from "../security/generated-secret.ts";
import type { DataStoreArgs } from "./data-args.ts";

const port = 7070;

/** S3 storage for the originals of documents and for snapshots: versitygw over a folder. Stateful. 256 MiB unless told otherwise. */
export class ObjectStore extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:data:ObjectStore";
  readonly running: RunningWorkload;
  readonly endpoint: string;
  readonly accessKeyId = "platform";
  /** Secret. */
  readonly secretAccessKey: pulumi.Output<string>;

  constructor(name: string, args: DataStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super(ObjectStore.__pulumiType, name, {}, opts);
    const secret = new GeneratedSecret(`${name}-secret-key`, {}, { parent: this });
    this.running = args.runtime.run(
      name,
      {
        image: args.images.versitygw,
        entrypoint: ["versitygw"],
        args: ["--port", `:${String(port)}`, "--health", "/health", "posix", "/data"],
        env: { ROOT_ACCESS_KEY_ID: this.accessKeyId },
        secrets: { "secret-key": secret.value },
        secretEnv: { ROOT_SECRET_ACCESS_KEY: "secret-key" },
        ports: { s3: { port, exposure: "backend" } },
        volumes: [{ name, path: "/data", stateful: true, giveToUser: true }],
        health: {
          command: ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${String(port)}/health`],
          startSeconds: 20,
        },
        user: "1000:1000",
        cpus: args.cpus ?? 1,
        memoryMiB: args.memoryMiB ?? 256,
        replicas: [{ host: args.host }],
      },
      this,
    );
    this.endpoint = `http://${this.running.address("s3")}`;
    this.secretAccessKey = secret.value;
    this.registerOutputs({ endpoint: this.endpoint });
  }
}
