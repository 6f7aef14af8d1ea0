import * as pulumi from "@pulumi/pulumi";
import { filePath, type ImageBuild, type Replica, type RunningWorkload, type Runtime } from "../runtime/workload.ts";
import { GeneratedSecret } from "../security/generated-secret.ts";
import { connectionSettings, nodeHealth, type ServiceConnections } from "./service-settings.ts";

/** Arguments of {@link Api}. */
export interface ApiArgs {
  readonly runtime: Runtime;
  readonly image: ImageBuild;
  readonly replicas: readonly Replica[];
  readonly connections: ServiceConnections;
  /** Public base address; issuer of the tokens. */
  readonly publicUrl: string;
  /** Part of new API keys, so that a key shows where it belongs. */
  readonly environment: string;
  /** Roles the gateway serves. */
  readonly modelRoles: readonly string[];
  /** What agents reckon a run's cost and its cap with, in US dollars per million tokens. */
  readonly modelPrice: { readonly promptUsd: number; readonly completionUsd: number };
  /** Whether people may sign in with a password. */
  readonly passwordGrant: boolean;
  /** Addresses whose `X-Forwarded-For` is believed: those of the edge. */
  readonly trustedProxies: string;
  readonly limitsRedis: { readonly host: string; readonly port: number; readonly password: pulumi.Input<string> };
  /** Base address of the model gateway, and the key it trusts. */
  readonly gateway: { readonly url: string; readonly key: pulumi.Input<string> };
  /** Proves that usage rows come from the gateway. Secret. */
  readonly usageKey: pulumi.Input<string>;
  /** JWK set of the keys that sign tokens. Secret. */
  readonly signingKeys: pulumi.Input<string>;
  readonly after: readonly RunningWorkload[];
}

const port = 8888;

/** The platform's API: sign-in, agents, documents, usage. Two copies share everything through Postgres and Redis. */
export class Api extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:apps:Api";
  readonly running: RunningWorkload;

  constructor(name: string, args: ApiArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Api.__pulumiType, name, {}, opts);
    const adminPassword = new GeneratedSecret(`${name}-admin-password`, { length: 24 }, { parent: this });
    const { env, secrets } = connectionSettings(args.connections);
    const { limitsRedis } = args;
    this.running = args.runtime.run(
      name,
      {
        image: args.image,
        args: ["services/api/src/main.ts"],
        env: {
          ...env,
          PORT: String(port),
          HOST: "0.0.0.0",
          PUBLIC_URL: args.publicUrl,
          ENVIRONMENT: args.environment,
          MODEL_ROLES: args.modelRoles.join(","),
          PASSWORD_GRANT: String(args.passwordGrant),
          TRUSTED_PROXIES: args.trustedProxies,
          SIGNING_KEYS_FILE: filePath("signing-keys.json"),
          REDIS_URL_FILE: filePath("redis-url"),
          OPENAI_BASE_URL: args.gateway.url,
          OPENAI_API_KEY_FILE: filePath("gateway-key"),
          OPENAI_PROMPT_PRICE: String(args.modelPrice.promptUsd),
          OPENAI_COMPLETION_PRICE: String(args.modelPrice.completionUsd),
          GATEWAY_USAGE_KEY_FILE: filePath("usage-key"),
          ADMIN_PASSWORD_FILE: filePath("admin-password"),
        },
        secrets: {
          ...secrets,
          "signing-keys.json": args.signingKeys,
          "redis-url": pulumi.interpolate`redis://:${limitsRedis.password}@${limitsRedis.host}:${limitsRedis.port}`,
          "gateway-key": args.gateway.key,
          "usage-key": args.usageKey,
          "admin-password": adminPassword.value,
        },
        ports: { http: { port, exposure: "edge" } },
        reaches: ["backend"],
        health: { command: nodeHealth(port, "/ready"), startSeconds: 60 },
        user: "65532:65532",
        cpus: 1,
        memoryMiB: 768,
        replicas: args.replicas,
        after: args.after,
        metrics: { port: "http", path: "/metrics" },
      },
      this,
    );
    this.registerOutputs({ addresses: [...this.running.addresses("http")] });
  }
}
