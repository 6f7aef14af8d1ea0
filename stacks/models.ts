import type * as pulumi from "@pulumi/pulumi";
import type { GatewayConfig, GatewayDeployment } from "../components/gateway/litellm-config.ts";
import type { Images } from "../components/images.ts";
import { LlamaServer } from "../components/models/llama-server.ts";
import { ModelFleet } from "../components/models/model-fleet.ts";
import type { RunningWorkload, Runtime } from "../components/runtime/workload.ts";
import type { PlatformConfig } from "./config.ts";
import type { ModelSettings } from "./config-schema.ts";

/** A model server, ours or somebody's, and the role it serves. */
export interface ModelServer {
  /** Unique; names it in the usage ledger. */
  readonly id: string;
  readonly role: string;
  /** Base address that ends in `/v1`. */
  readonly url: string;
  readonly servedModel: string;
  readonly contextTokens: number;
  /** US dollars per million tokens. */
  readonly promptUsd: number;
  readonly completionUsd: number;
  readonly external: boolean;
  /** Secret. Absent where the server asks for none. */
  readonly apiKey?: pulumi.Input<string>;
  readonly running?: RunningWorkload;
}

/** What embeds documents and questions. */
export interface EmbeddingModel {
  readonly url: string;
  readonly model: string;
  readonly dimensions: number;
  readonly apiKey: pulumi.Input<string>;
}

interface Engine {
  readonly runtime: Runtime;
  readonly images: Images;
}

/** Starts the configured model servers: the placed fleet first, then those with an address or a host of their own. */
export function createModels(config: PlatformConfig, engine: Engine): ModelServer[] {
  const hubToken = config.secrets.huggingFaceToken;
  const { placement, catalog } = config;
  const fleet =
    placement.replicas.length > 0
      ? new ModelFleet("models", { ...engine, placement, offline: catalog.offline, ...(hubToken ? { hubToken } : {}) })
      : undefined;
  const placed = (fleet?.endpoints ?? []).map((endpoint): ModelServer => ({
    id: endpoint.name,
    role: endpoint.role,
    url: endpoint.baseUrl,
    servedModel: endpoint.servedModel,
    contextTokens: endpoint.context,
    promptUsd: endpoint.price.inputUsdPerMillion,
    completionUsd: endpoint.price.outputUsdPerMillion,
    external: false,
    apiKey: endpoint.apiKey,
    running: endpoint.running,
  }));
  const own = Object.entries(config.models).flatMap(([role, model]) => createServer(role, model, config, engine) ?? []);
  const servers = [...placed, ...own];
  const shared = Object.entries(config.models).flatMap(([role, model]) =>
    model.server === "shared"
      ? servers
          .filter((server) => server.role === model.with)
          .map((server) => ({ ...server, id: `${role}-${server.id}`, role }))
      : [],
  );
  return [...servers, ...shared];
}

function createServer(
  role: string,
  model: ModelSettings,
  config: PlatformConfig,
  engine: Engine,
): ModelServer | undefined {
  if (model.server === "placed" || model.server === "shared") return undefined;
  const { contextTokens, promptUsd, completionUsd } = model;
  const common = { id: `${role}-1`, role, contextTokens, promptUsd, completionUsd };
  if (model.server === "llama-cpp") {
    const server = new LlamaServer(`model-${role}`, { ...engine, ...model, servedModelName: role });
    const { url, apiKey, running } = server;
    return { ...common, servedModel: role, external: false, url, apiKey, running };
  }
  const { modelApiKey } = config.secrets;
  return {
    ...common,
    url: model.url,
    servedModel: model.model,
    external: model.external,
    ...(modelApiKey ? { apiKey: modelApiKey } : {}),
  };
}

/** The first server of the role `chat`, which the agents ask. */
export function findChat(servers: readonly ModelServer[]): ModelServer {
  const server = servers.find(({ role }) => role === "chat");
  if (!server) throw new Error("no server has the role chat");
  return server;
}

/** The server of the role `embedding`. Several copies are reached through the first; the gateway spreads over all. */
export function findEmbedding(config: PlatformConfig, servers: readonly ModelServer[]): EmbeddingModel {
  const server = servers.find(({ role }) => role === "embedding");
  if (!server) throw new Error("no server has the role embedding");
  const { embedding } = config.models;
  const placed = config.placement.replicas.find(({ request }) => request.role === "embedding");
  const dimensions = embedding.server === "address" ? embedding.dimensions : placed?.request.model.hiddenSize;
  if (dimensions === undefined) throw new Error("the length of the embedding's vectors is not known");
  return { url: server.url, model: server.servedModel, dimensions, apiKey: server.apiKey ?? "none" };
}

/** Environment variable of LiteLLM that holds a model server's key. */
export function modelKeyVariable(id: string): string {
  return `MODEL_KEY_${id.toUpperCase().replaceAll("-", "_")}`;
}

const modes: Readonly<Record<string, GatewayDeployment["mode"]>> = { embedding: "embedding", rerank: "rerank" };
const million = 1_000_000;

/** The gateway's view of roles, servers and prices. */
export function gatewayConfig(
  config: PlatformConfig,
  servers: readonly ModelServer[],
  redis: Pick<GatewayConfig, "limitsRedis"> & Required<Pick<GatewayConfig, "cache">>,
): GatewayConfig {
  const deployments = servers.map((server): GatewayDeployment => ({
    id: server.id,
    group: server.role,
    ...(config.models[server.role as "chat"].server === "placed" ? {} : { provider: "openai" }),
    mode: modes[server.role] ?? "chat",
    servedModel: server.servedModel,
    baseUrl: server.url,
    external: server.external,
    ...(server.apiKey ? { apiKeyEnv: modelKeyVariable(server.id) } : {}),
    promptPrice: server.promptUsd / million,
    completionPrice: server.completionUsd / million,
    maxInputTokens: server.contextTokens,
  }));
  return { deployments, fallbacks: config.fallbacks, ...redis };
}
