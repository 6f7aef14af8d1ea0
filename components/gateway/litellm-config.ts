import { stringify } from "yaml";

/** One model server behind the gateway. Several with one `group` share its load. */
export interface GatewayDeployment {
  /** Unique; shows up in the usage ledger. */
  readonly id: string;
  /** Name that clients ask for: a role such as `chat`. */
  readonly group: string;
  /** LiteLLM provider prefix. @default "hosted_vllm" */
  readonly provider?: "hosted_vllm" | "openai";
  /** Model name the server answers to. */
  readonly servedModel: string;
  /** Base address that ends in `/v1`. */
  readonly baseUrl: string;
  /** Environment variable that holds the server's key. @default no key */
  readonly apiKeyEnv?: string;
  /** @default "chat" */
  readonly mode?: "chat" | "embedding" | "rerank";
  /** US dollars per token; above 0, so that self-hosted tokens never cost nothing in the books. */
  readonly promptPrice: number;
  readonly completionPrice: number;
  /** Context length in tokens. */
  readonly maxInputTokens: number;
  /** Departments this deployment is reserved for. @default open to all */
  readonly teams?: readonly string[];
  /** Outside the company: refused to confidential departments. @default false */
  readonly external?: boolean;
  /** Requests at a time. @default unlimited */
  readonly maxParallelRequests?: number;
  /** Share of the group's load against its siblings. @default 1 */
  readonly weight?: number;
}

/** The rest of the gateway's behaviour. */
export interface GatewayConfig {
  readonly deployments: readonly GatewayDeployment[];
  /** Groups to try, in order, when every deployment of a group fails. @default none */
  readonly fallbacks?: Readonly<Record<string, readonly string[]>>;
  /** Groups to try when a prompt is too long for a group. @default none */
  readonly contextWindowFallbacks?: Readonly<Record<string, readonly string[]>>;
  /** Redis that holds limits and cooldowns shared by the replicas. */
  readonly limitsRedis: { readonly host: string; readonly port: number };
  /** Redis that may forget. @default no answer cache */
  readonly cache?: GatewayCache;
  /** Seconds a call may take, streaming included. @default 600 */
  readonly requestTimeoutSeconds?: number;
}

/** Answer cache, always separate per department and never used for calls that carry documents. */
export interface GatewayCache {
  readonly host: string;
  readonly port: number;
  /** @default 3600 */
  readonly ttlSeconds?: number;
  /** Also answer similar questions; needs Redis 8 with its query engine. @default exact matches only */
  readonly semantic?: { readonly embeddingGroup: string; readonly similarityThreshold: number };
}

/** Names of the environment variables the config refers to; the component fills them from secret files. */
export const gatewaySecretEnv = {
  gatewayKey: "LITELLM_MASTER_KEY",
  limitsRedisPassword: "LIMITS_REDIS_PASSWORD",
  cacheRedisPassword: "CACHE_REDIS_PASSWORD",
} as const;

const fromEnv = (name: string) => `os.environ/${name}`;

/**
 * Renders LiteLLM's config.yaml. Stateless: no database, so any replica can be replaced at any time.
 * Callers are known by `platform_gateway.py`, which must lie beside the file.
 */
export function renderLitellmConfig(config: GatewayConfig): string {
  const timeout = config.requestTimeoutSeconds ?? 600;
  return stringify({
    model_list: config.deployments.map(renderDeployment),
    router_settings: {
      routing_strategy: "simple-shuffle",
      num_retries: 2,
      allowed_fails: 1,
      cooldown_time: 10,
      enable_pre_call_checks: true,
      enable_tag_filtering: true,
      tag_filtering_match_any: true,
      timeout,
      fallbacks: renderFallbacks(config.fallbacks),
      context_window_fallbacks: renderFallbacks(config.contextWindowFallbacks),
      redis_host: config.limitsRedis.host,
      redis_port: config.limitsRedis.port,
      redis_password: fromEnv(gatewaySecretEnv.limitsRedisPassword),
    },
    litellm_settings: {
      callbacks: ["platform_gateway.policy", "platform_gateway.usage_reporter", "prometheus"],
      request_timeout: timeout,
      drop_params: true,
      json_logs: true,
      turn_off_message_logging: true,
      // The backend network is the guard of /metrics: the edge does not route to it.
      require_auth_for_metrics_endpoint: false,
      ...(config.cache ? { cache: true, cache_params: renderCache(config.cache) } : {}),
    },
    general_settings: {
      master_key: fromEnv(gatewaySecretEnv.gatewayKey),
      custom_auth: "platform_gateway.authenticate",
      cancel_on_disconnect: true,
    },
  });
}

function renderDeployment(deployment: GatewayDeployment) {
  const tags = deployment.teams?.map((team) => `team:${team}`) ?? ["default"];
  return {
    model_name: deployment.group,
    litellm_params: {
      model: `${deployment.provider ?? "hosted_vllm"}/${deployment.servedModel}`,
      api_base: deployment.baseUrl,
      api_key: deployment.apiKeyEnv ? fromEnv(deployment.apiKeyEnv) : "none",
      tags: deployment.external ? [...tags, "external"] : tags,
      weight: deployment.weight ?? 1,
      ...(deployment.maxParallelRequests ? { max_parallel_requests: deployment.maxParallelRequests } : {}),
    },
    model_info: {
      id: deployment.id,
      mode: deployment.mode ?? "chat",
      max_input_tokens: deployment.maxInputTokens,
      input_cost_per_token: deployment.promptPrice,
      output_cost_per_token: deployment.completionPrice,
    },
  };
}

function renderFallbacks(fallbacks: GatewayConfig["fallbacks"] = {}) {
  return Object.entries(fallbacks).map(([group, targets]) => ({ [group]: [...targets] }));
}

function renderCache(cache: GatewayCache) {
  const common = {
    host: cache.host,
    port: cache.port,
    password: fromEnv(gatewaySecretEnv.cacheRedisPassword),
    ttl: cache.ttlSeconds ?? 3600,
  };
  if (!cache.semantic) return { type: "redis", ...common };
  return {
    type: "redis-semantic",
    ...common,
    similarity_threshold: cache.semantic.similarityThreshold,
    redis_semantic_cache_embedding_model: cache.semantic.embeddingGroup,
    semantic_cache_scope: "end_user",
  };
}
