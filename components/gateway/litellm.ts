import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Images } from "../images.ts";
import { filePath, type Replica, type RunningWorkload, type Runtime } from "../runtime/workload.ts";
import { findGatewayProblems } from "./gateway-problems.ts";
import { type GatewayConfig, gatewaySecretEnv, renderLitellmConfig } from "./litellm-config.ts";

/** Arguments of {@link LitellmGateway}. */
export interface LitellmGatewayArgs {
  readonly runtime: Runtime;
  readonly images: Images;
  readonly config: GatewayConfig;
  readonly replicas: readonly Replica[];
  /** Proves that a call came through the edge or from the API. Secret, starts with `sk-`. */
  readonly gatewayKey: pulumi.Input<string>;
  readonly limitsPassword: pulumi.Input<string>;
  readonly cachePassword: pulumi.Input<string>;
  /** Keys of the model servers by the environment variable the config names. Secret. */
  readonly modelKeys: Readonly<Record<string, pulumi.Input<string>>>;
  /** Where usage rows are posted to. */
  readonly usageEndpoint: string;
  /** Secret. */
  readonly usageKey: pulumi.Input<string>;
  readonly after: readonly RunningWorkload[];
  /** Models outside the company are called, so the gateway needs a way out. */
  readonly reachesInternet: boolean;
}

const port = 4000;
const usageKeyFile = "usage-key";

/** LiteLLM without a database: any copy can be replaced at any time. 2 GiB and one worker per copy. */
export class LitellmGateway extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:gateway:LitellmGateway";
  readonly running: RunningWorkload;
  /** OpenAI-compatible base address inside the platform. */
  readonly url: string;

  constructor(name: string, args: LitellmGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super(LitellmGateway.__pulumiType, name, {}, opts);
    const problems = findGatewayProblems(args.config);
    if (problems.length > 0) {
      throw new pulumi.ResourceError(problems.map(({ field, message }) => `${field} ${message}`).join("\n"), this);
    }
    this.running = createProxies(name, args, this);
    this.url = `http://${this.running.address("http")}/v1`;
    this.registerOutputs({ url: this.url });
  }
}

function createProxies(name: string, args: LitellmGatewayArgs, parent: LitellmGateway): RunningWorkload {
  const keys: Record<string, pulumi.Input<string>> = {
    [gatewaySecretEnv.gatewayKey]: args.gatewayKey,
    [gatewaySecretEnv.limitsRedisPassword]: args.limitsPassword,
    [gatewaySecretEnv.cacheRedisPassword]: args.cachePassword,
    ...args.modelKeys,
  };
  return args.runtime.run(
    name,
    {
      image: args.images.litellm,
      entrypoint: ["litellm"],
      args: ["--config", filePath("config.yaml"), "--host", "0.0.0.0", "--port", String(port)],
      env: {
        LITELLM_MODE: "PRODUCTION",
        LITELLM_LOG: "ERROR",
        // Without it LiteLLM fetches a price list from the internet at every start.
        LITELLM_LOCAL_MODEL_COST_MAP: "True",
        LITELLM_MASTER_KEY_FILE: filePath(gatewaySecretEnv.gatewayKey),
        PLATFORM_USAGE_ENDPOINT: args.usageEndpoint,
        PLATFORM_USAGE_KEY_FILE: filePath(usageKeyFile),
        HOME: "/tmp",
      },
      config: {
        "config.yaml": renderLitellmConfig(args.config),
        "platform_gateway.py": readFileSync(new URL("platform_gateway.py", import.meta.url), "utf8"),
      },
      secrets: { ...keys, [usageKeyFile]: args.usageKey },
      secretEnv: Object.fromEntries(Object.keys(keys).map((variable) => [variable, variable])),
      ports: { http: { port, exposure: "edge" } },
      reaches: ["backend", ...(args.reachesInternet ? (["internet"] as const) : [])],
      tmpfs: { "/tmp": 256 },
      health: {
        command: [
          "python3",
          "-c",
          `import urllib.request as u; u.urlopen("http://127.0.0.1:${String(port)}/health/liveliness", timeout=3)`,
        ],
        startSeconds: 120,
        intervalSeconds: 10,
        timeoutSeconds: 8,
      },
      user: "1000:1000",
      cpus: 1,
      memoryMiB: 2048,
      replicas: args.replicas,
      after: args.after,
      metrics: { port: "http", path: "/metrics" },
    },
    parent,
  );
}
