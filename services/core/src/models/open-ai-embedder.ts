import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";
import { Problem } from "../errors.ts";
import type { Embedder } from "./embedder.ts";

export interface OpenAiEmbedderOptions {
  /** Address up to and including `/v1`: TEI, vLLM or any OpenAI-compatible server. */
  readonly baseUrl: string;
  /** @default none sent */
  readonly apiKey?: string;
  /** Model name, with its revision where the server has several. */
  readonly model: string;
  /** Length of its vectors; an answer of another length is refused. */
  readonly dimensions: number;
  /** First pause after "too many requests"; doubles each time. @default 250 */
  readonly backoffMs?: number;
}

/** TEI's `--max-client-batch-size`. */
const maxBatch = 32;
const maxAttempts = 6;
const longestPauseMs = 10_000;
const timeoutMs = 60_000;

/** Client of an embedding server: small batches, halved and delayed while the server is overloaded. */
export function createEmbedder(options: OpenAiEmbedderOptions): Embedder {
  const { model, dimensions, backoffMs = 250 } = options;
  const client = new OpenAI({
    baseURL: options.baseUrl,
    apiKey: options.apiKey ?? "none",
    timeout: timeoutMs,
    // Retries are ours: a batch that was too much is halved, not sent again as it was.
    maxRetries: 0,
  });

  async function request(texts: readonly string[], signal?: AbortSignal): Promise<number[][]> {
    const { data } = await client.embeddings.create(
      { model, input: [...texts], encoding_format: "float" },
      signal ? { signal } : {},
    );
    if (data.length !== texts.length) {
      throw new Problem("unavailable", `The embedding server sent ${data.length} vectors for ${texts.length} texts.`);
    }
    return [...data].sort((a, b) => a.index - b.index).map(({ embedding }) => toUnitVector(embedding, dimensions));
  }

  async function embedBatch(texts: readonly string[], signal?: AbortSignal, attempt = 1): Promise<number[][]> {
    try {
      return await request(texts, signal);
    } catch (error) {
      signal?.throwIfAborted();
      const status = error instanceof OpenAI.APIError ? (error.status as number | undefined) : undefined;
      const overloaded = status === 429 || status === 413;
      // One text that is too large stays too large; a connection that failed (no status) may come back.
      const hopeless = error instanceof Problem || (status === 413 && texts.length === 1) || isRefusal(status);
      if (hopeless || attempt >= maxAttempts) throw describeFailure(error, status);
      if (status !== 413) await sleep(Math.min(backoffMs * 2 ** (attempt - 1), longestPauseMs), undefined, { signal });
      if (!overloaded || texts.length === 1) return embedBatch(texts, signal, attempt + 1);
      const half = Math.ceil(texts.length / 2);
      const first = await embedBatch(texts.slice(0, half), signal, attempt + 1);
      return [...first, ...(await embedBatch(texts.slice(half), signal, attempt + 1))];
    }
  }

  return {
    model,
    dimensions,
    async embed(texts, signal) {
      const vectors: number[][] = [];
      for (let start = 0; start < texts.length; start += maxBatch) {
        vectors.push(...(await embedBatch(texts.slice(start, start + maxBatch), signal)));
      }
      return vectors;
    },
  };
}

function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && ![408, 413, 429].includes(status);
}

function describeFailure(error: unknown, status: number | undefined): Problem {
  if (error instanceof Problem) return error;
  const why =
    status === undefined
      ? "does not answer"
      : status === 413
        ? "refuses a text as too long; chunks must be smaller than the model's limit"
        : `answers with status ${status}`;
  return new Problem("unavailable", `The embedding server ${why}.`, { cause: error });
}

function toUnitVector(values: readonly number[], dimensions: number): number[] {
  if (values.length !== dimensions) {
    throw new Problem(
      "unavailable",
      `The embedding server sends vectors of ${values.length} numbers where ${dimensions} are configured.`,
    );
  }
  const length = Math.hypot(...values);
  if (!Number.isFinite(length) || length === 0) {
    throw new Problem("unavailable", "The embedding server sent a vector without direction.");
  }
  return values.map((value) => value / length);
}
