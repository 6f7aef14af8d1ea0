import OpenAI from "openai";
import type { ModelEndpoint, ModelRole } from "./model-client.ts";

export interface OpenAiEndpointOptions {
  /** Including `/v1`. */
  readonly baseUrl: string;
  /** A function is asked before each request, so that a rotated key needs no restart. @default none is sent */
  readonly apiKey?: string | (() => Promise<string>);
  /** Model name for each role. */
  readonly models: Readonly<Record<ModelRole, string>>;
  /** US dollars per token. @default 0 for both */
  readonly price?: { readonly prompt: number; readonly completion: number };
}

/** Milliseconds until a reply starts: a model on a processor reads a long prompt for a minute and more. */
const replyTimeout = 120_000;

/** An endpoint on any server that speaks OpenAI's chat completions. */
export function createOpenAiEndpoint({ baseUrl, apiKey, models, price }: OpenAiEndpointOptions): ModelEndpoint {
  return {
    description: `${models.chat} at ${withoutCredentials(baseUrl)}`,
    client: new OpenAI({
      baseURL: baseUrl,
      // The client insists on a key; local servers ignore it.
      apiKey: apiKey ?? "none",
      timeout: replyTimeout,
      maxRetries: 1,
      logLevel: "off",
    }),
    modelFor: (role) => models[role],
    price: price ?? { prompt: 0, completion: 0 },
  };
}

/** An address fit for screens and logs. */
export function withoutCredentials(address: string): string {
  const url = new URL(address);
  return `${url.protocol}//${url.host}${url.pathname}`;
}
