import type * as pulumi from "@pulumi/pulumi";
import type { GatewayConfig, GatewayDeployment } from "../components/gateway/litellm-config.ts";
import type { Images } from "../components/images.ts";
import { EmbeddingServer } from "../components/models/embedding-server.ts";
import { LlamaServer } from "../components/models/llama-server.ts";
import { VllmServer } from "../components/models/vllm-server.ts";
import type { RunningWorkload, Runtime } from "../components/runtime/workload.ts";
import type { PlatformConfig } from "./config.ts";
import { type ModelSettings, modelRoles } from "./config-schema.ts";

/** Tokens that prices are stated for. */
const million = 1_000_000;

/** A model server, ours or somebody's, as the gateway sees it. */
export interface ModelBackend {
  readonly url: string;
  readonly servedModel: string;
  /** Secret. Absent where the server asks for none. */
  readonly apiKey?: pulumi.Input<string>;
  readonly running?: RunningWorkload;
}

interface Engine {
  readonly runtime: Runtime;
  readonly images: Images;
}

/** Starts the configured model servers. */
export function createModels(config: PlatformConfig, engine: Engine): Record<string, ModelBackend> {
  const token = config.secrets.huggingFaceToken;
  return Object.fromEntries(
    Object.entries(config.models).map(([name, model]) => [name, createModel(name, model, config, engine, token)]),
  );
}

function createModel(
  name: string,
  model: ModelSettings,
  config: PlatformConfig,
  engine: Engine,
  huggingFaceToken: pulumi.Output<string> | undefined,
): ModelBackend {
  if (model.engine === "address") {
    const key = config.secrets.modelApiKey;
    return { url: model.url, servedModel: model.model, ...(key && model.external ? { apiKey: key } : {}) };
  }
  const resource = `model-${name}`;
  const args = { ...engine, ...model, servedModelName: name };
  const server =
    model.engine === "llama-cpp"
      ? new LlamaServer(resource, args)
      : new VllmServer(resource, { gpus: [], ...args, ...(huggingFaceToken ? { huggingFaceToken } : {}) });
  return { url: server.url, servedModel: name, apiKey: server.apiKey, running: server.running };
}

/** Starts the embedding server, or takes the one at an address. */
export function createEmbedding(config: PlatformConfig, engine: Engine): ModelBackend {
  const { embedding } = config;
  if (embedding.engine === "address") return { url: embedding.url, servedModel: embedding.model };
  const server = new EmbeddingServer("embedding", { ...engine, ...embedding });
  return { url: server.url, servedModel: embedding.model, apiKey: server.apiKey, running: server.running };
}

/** Environment variable of LiteLLM that holds a model server's key. */
export function modelKeyVariable(name: string): string {
  return `MODEL_KEY_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** The gateway's view of roles, models and prices. */
export function gatewayConfig(
  config: PlatformConfig,
  backends: Readonly<Record<string, ModelBackend>>,
  embedding: ModelBackend,
  redis: { readonly limits: { host: string; port: number }; readonly cache: { host: string; port: number } },
): GatewayConfig {
  const deployments = modelRoles.flatMap((role) =>
    (config.roles[role] ?? []).flatMap((name): GatewayDeployment[] => {
      const model = config.models[name];
      const backend = backends[name];
      if (!model || !backend) return [];
      return [
        {
          id: `${role}-${name}`,
          group: role,
          servedModel: backend.servedModel,
          baseUrl: backend.url,
          ...(model.engine === "address" ? { provider: "openai" as const, external: model.external } : {}),
          ...(backend.apiKey ? { apiKeyEnv: modelKeyVariable(name) } : {}),
          promptPrice: model.promptUsd / million,
          completionPrice: model.completionUsd / million,
          maxInputTokens: model.contextTokens,
        },
      ];
    }),
  );
  const price = config.embedding.promptUsd / million;
  deployments.push({
    id: "embedding",
    group: "embedding",
    provider: "openai",
    mode: "embedding",
    servedModel: embedding.servedModel,
    baseUrl: embedding.url,
    ...(embedding.apiKey ? { apiKeyEnv: modelKeyVariable("embedding") } : {}),
    promptPrice: price,
    completionPrice: price,
    maxInputTokens: 8192,
  });
  return { deployments, fallbacks: config.fallbacks, limitsRedis: redis.limits, cache: redis.cache };
}
