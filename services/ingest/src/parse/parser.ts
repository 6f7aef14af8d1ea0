import { Worker } from "node:worker_threads";
import { Problem } from "@ai-platform/core/errors.ts";
import type { ChunkMeta } from "@ai-platform/core/access/retriever.ts";
import type { Language } from "@ai-platform/core/vector/store.ts";
import type { IngestLimits } from "../limits.ts";
import type { ParseReply } from "./thread.ts";

/** One document to read and cut. */
export interface ParseInput {
  /** As shown in errors. */
  readonly fileName: string;
  readonly mime: string;
  readonly bytes: Uint8Array;
  /** Title given with the request; it wins over the document's own. */
  readonly title?: string;
}

/** A piece of a document as it will be quoted, with its place. */
export interface ParsedChunk {
  readonly text: string;
  readonly headingPath: readonly string[];
  readonly pageFrom: number | null;
  readonly pageTo: number | null;
  readonly language: Language;
  readonly tokens: number;
  readonly meta: ChunkMeta;
}

export interface ParsedDocument {
  readonly title: string;
  readonly language: Language;
  readonly chunks: readonly ParsedChunk[];
  readonly pages: number;
  readonly pagesNeedingOcr: number;
  /** Invisible characters taken out: zero-width and direction overrides, a way to hide instructions. */
  readonly removedCharacters: number;
}

export interface PageProgress {
  readonly pages: number;
  readonly pagesTotal: number;
}

/** Reads documents away from the main thread, one at a time. */
export interface Parser {
  /** @throws Problem `unreadable-document`, `too-large` or `unsupported-media`, naming the file and the limit */
  parse(
    input: ParseInput,
    onProgress?: (progress: PageProgress) => void,
    signal?: AbortSignal,
  ): Promise<ParsedDocument>;
  close(): Promise<void>;
}

/** How often memory is looked at, in milliseconds. */
const memoryCheckMs = 50;

/**
 * A parser on a worker thread that is killed when a document takes more than its time or memory.
 * V8's own limits cover the heap only, and a compressed bomb unfolds outside it: so the growth of the process is watched too.
 */
export function createParser(limits: IngestLimits): Parser {
  let thread: Worker | undefined;
  const stop = async () => {
    const stopping = thread;
    thread = undefined;
    await stopping?.terminate();
  };
  return {
    async parse(input, onProgress, signal) {
      thread ??= new Worker(new URL("./thread.ts", import.meta.url), {
        workerData: limits,
        resourceLimits: { maxOldGenerationSizeMb: limits.parseMiB },
        stdout: true,
        stderr: true,
      });
      const worker = thread;
      try {
        return await parseOn(worker, limits, input, onProgress, signal);
      } catch (error) {
        if (!(error instanceof Problem) || error.cause === killed) await stop();
        throw error;
      }
    },
    close: stop,
  };
}

const killed = Symbol("the thread must not be used again");

async function parseOn(
  worker: Worker,
  limits: IngestLimits,
  input: ParseInput,
  onProgress: ((progress: PageProgress) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<ParsedDocument> {
  const { promise, resolve, reject } = Promise.withResolvers<ParsedDocument>();
  const breach = (limit: string) => {
    reject(new Problem("too-large", `${input.fileName} takes more than ${limit} to read.`, { cause: killed }));
  };
  const onMessage = (reply: ParseReply) => {
    if (reply.kind === "progress") onProgress?.(reply.progress);
    else if (reply.kind === "parsed") resolve(reply.document);
    else reject(new Problem(reply.code, reply.detail));
  };
  const onError = (error: Error & { code?: string }) => {
    if (error.code === "ERR_WORKER_OUT_OF_MEMORY") breach(`${limits.parseMiB} MiB of memory`);
    else reject(error);
  };
  const onExit = () => reject(new Error("the parser thread ended"));
  const onAbort = () => reject(signal?.reason);
  const before = process.memoryUsage.rss();
  const memory = setInterval(() => {
    if (process.memoryUsage.rss() - before > limits.parseMiB * 1024 ** 2) breach(`${limits.parseMiB} MiB of memory`);
  }, memoryCheckMs);
  const time = setTimeout(() => breach(`${limits.parseSeconds} s`), limits.parseSeconds * 1000);
  worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  signal?.addEventListener("abort", onAbort);
  try {
    signal?.throwIfAborted();
    worker.postMessage(input);
    return await promise;
  } finally {
    clearInterval(memory);
    clearTimeout(time);
    worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    signal?.removeEventListener("abort", onAbort);
  }
}
