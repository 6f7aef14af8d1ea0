import { createGatewayEndpoint } from "@ai-platform/core/gateway/gateway-endpoint.ts";
import type { Logger } from "@ai-platform/core/logger.ts";
import { tokenPrice, watchModelEndpoint } from "@ai-platform/core/models/discovery.ts";
import type { ModelSource } from "@ai-platform/core/models/model-client.ts";
import type { ApiEnv } from "./env.ts";

/** The models agents use: through the platform's gateway where there is one, else the server configured or found. */
export async function openModels(env: ApiEnv, logger: Logger): Promise<ModelSource & { stop(): void }> {
  const { GATEWAY_USAGE_KEY, OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: key } = env;
  if (GATEWAY_USAGE_KEY === undefined || baseUrl === undefined || key === undefined) {
    return watchModelEndpoint(env, { logger });
  }
  const endpoint = createGatewayEndpoint({
    baseUrl: baseUrl.endsWith("/v1") ? baseUrl : `${baseUrl.replace(/\/+$/, "")}/v1`,
    key,
    servedModels: env.MODEL_ROLES,
    price: tokenPrice(env),
  });
  return { current: () => endpoint, stop: () => undefined };
}
