import { z } from "zod";
import type { Logger } from "../logger.ts";
import { withoutCredentials, createOpenAiEndpoint } from "./openai-endpoint.ts";
import type { ModelEndpoint, ModelRole, ModelSource } from "./model-client.ts";

const price = z.coerce.number().min(0);

/** Settings of the model server; all optional, since a server on this machine is found by itself. */
export const modelEnvSchema = z.object({
  /** With or without `/v1`. Set, no other server is looked for. */
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/, error: "must be an http or https address" }).optional(),
  OPENAI_API_KEY: z.string().optional(),
  /** Model for every role. @default the role's name where the server lists it, else its first chat model */
  OPENAI_MODEL: z.string().optional(),
  /** @default OPENAI_MODEL */
  OPENAI_MODEL_CODING: z.string().optional(),
  /** @default OPENAI_MODEL */
  OPENAI_MODEL_FAST: z.string().optional(),
  /** US dollars per million tokens, for what a run costs and its cap. @default 0 */
  OPENAI_PROMPT_PRICE: price.optional(),
  /** The same for what a model writes. @default 0 */
  OPENAI_COMPLETION_PRICE: price.optional(),
});
export type ModelEnv = z.infer<typeof modelEnvSchema>;

/** US dollars per token, as an endpoint states it. */
export function tokenPrice(env: ModelEnv): ModelEndpoint["price"] {
  return { prompt: (env.OPENAI_PROMPT_PRICE ?? 0) / 1e6, completion: (env.OPENAI_COMPLETION_PRICE ?? 0) / 1e6 };
}

/** Where local model servers listen unless told otherwise. */
export const localServers: readonly string[] = [
  "http://127.0.0.1:11434", // Ollama
  "http://127.0.0.1:8080", // llama.cpp
  "http://127.0.0.1:8000", // vLLM
  "http://127.0.0.1:1234", // LM Studio
];

const modelListSchema = z.object({ data: z.array(z.object({ id: z.string().min(1) })).min(1) });
/** Names of models that cannot chat; lists do not say what a model is for. */
const notForChat = /embed|rerank|\bbge\b|\be5\b|\bgte\b|whisper|\btts\b|moderation|dall-e/i;

export interface DiscoveryOptions {
  /** Addresses tried where `OPENAI_BASE_URL` is not set, best first. @default {@link localServers} */
  readonly servers?: readonly string[];
  /** Milliseconds a server has to list its models. @default 1500 */
  readonly timeout?: number;
}

interface FoundServer {
  readonly baseUrl: string;
  /** `undefined` where the server has no list. */
  readonly models: readonly string[] | undefined;
}

/** Asks one address for its models, with `/v1` added where it is missing. */
async function probe(
  address: string,
  { OPENAI_API_KEY: key }: ModelEnv,
  timeout: number,
): Promise<FoundServer | undefined> {
  const base = address.replace(/\/+$/, "");
  const candidates = base.endsWith("/v1") ? [base] : [`${base}/v1`, base];
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  let answered = false;
  for (const baseUrl of candidates) {
    try {
      const response = await fetch(`${baseUrl}/models`, {
        headers,
        signal: AbortSignal.timeout(timeout),
        redirect: "error",
      });
      answered = true;
      const list = response.ok ? modelListSchema.safeParse(await response.json()) : undefined;
      if (list?.success) return { baseUrl, models: list.data.data.map(({ id }) => id) };
    } catch {
      // Nobody there, or not JSON: not a model server.
    }
  }
  return answered && candidates[0] ? { baseUrl: candidates[0], models: undefined } : undefined;
}

function chooseModels(env: ModelEnv, listed: readonly string[]): Record<ModelRole, string> | undefined {
  const usable = listed.filter((name) => !notForChat.test(name));
  const named = (role: ModelRole) => (env.OPENAI_MODEL ? undefined : usable.find((name) => name === role));
  const chat = env.OPENAI_MODEL ?? named("chat") ?? usable[0];
  if (chat === undefined) return undefined;
  return {
    chat,
    coding: env.OPENAI_MODEL_CODING ?? named("coding") ?? chat,
    fast: env.OPENAI_MODEL_FAST ?? named("fast") ?? chat,
  };
}

/**
 * Finds a model server: the one configured, else the first local one that lists a chat model.
 * A configured server without a model list is taken at its word where `OPENAI_MODEL` names the model.
 * @returns `undefined` where none answers now
 */
export async function findModelEndpoint(
  env: ModelEnv,
  { servers = localServers, timeout = 1_500 }: DiscoveryOptions = {},
): Promise<ModelEndpoint | undefined> {
  const configured = env.OPENAI_BASE_URL;
  const found = await Promise.all((configured ? [configured] : servers).map((server) => probe(server, env, timeout)));
  for (const server of found) {
    if (!server || (!server.models && !(configured && env.OPENAI_MODEL))) continue;
    const models = chooseModels(env, server.models ?? []);
    if (!models) continue;
    return createOpenAiEndpoint({
      baseUrl: server.baseUrl,
      ...(env.OPENAI_API_KEY ? { apiKey: env.OPENAI_API_KEY } : {}),
      models,
      price: tokenPrice(env),
    });
  }
  return undefined;
}

/** A model source that keeps looking. */
export interface ModelWatch extends ModelSource {
  /** Looks once now; resolves when the answer is in. */
  refresh(): Promise<void>;
  stop(): void;
}

export interface WatchOptions extends DiscoveryOptions {
  readonly logger: Logger;
  /** Milliseconds between two looks. @default 15000 */
  readonly every?: number;
}

/** Looks in vain before a known server counts as gone: a busy one may be slow to list its models. */
const missesAllowed = 3;

/**
 * Looks for a model server now and again, so that one that starts later is picked up and one that has gone is not
 * waited for. The endpoint stays the same object while server and models stay the same.
 */
export async function watchModelEndpoint(env: ModelEnv, options: WatchOptions): Promise<ModelWatch> {
  let current: ModelEndpoint | undefined;
  let misses = 0;
  const refresh = async () => {
    const found = await findModelEndpoint(env, options);
    misses = found ? 0 : misses + 1;
    if (found?.description === current?.description || (!found && misses < missesAllowed)) return;
    current = found;
    options.logger.info(
      { model: found?.description ?? null },
      found ? "model server found" : "no model server answers",
    );
  };
  await refresh();
  const where = env.OPENAI_BASE_URL ? withoutCredentials(env.OPENAI_BASE_URL) : "this machine";
  if (!current) options.logger.info({ where }, "no model server yet; answering with passages until one is there");
  const timer = setInterval(() => void refresh(), options.every ?? 15_000).unref();
  return {
    current: () => current,
    refresh,
    stop: () => {
      clearInterval(timer);
    },
  };
}
