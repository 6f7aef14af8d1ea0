import { setTimeout as sleep } from "node:timers/promises";
import { and, eq } from "drizzle-orm";
import { chunks, ingestJobs } from "@ai-platform/core/db/schema/index.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { Problem, type ProblemCode } from "@ai-platform/core/errors.ts";
import type { Logger } from "@ai-platform/core/logger.ts";
import type { Embedder } from "@ai-platform/core/models/embedder.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { defaultLimits, type IngestLimits } from "./limits.ts";
import { createParser } from "./parse/parser.ts";
import { runJob, type PipelineContext } from "./pipeline.ts";
import {
  finishJob,
  leaseJob,
  leaseSeconds,
  LeaseLost,
  maxAttempts,
  problemOf,
  returnJob,
  takeOverLeases,
  updateJob,
  type LeasedJob,
} from "./queue.ts";
import { sweep } from "./removal.ts";

export interface IngestWorkerOptions {
  readonly db: Db;
  readonly store: VectorStore;
  readonly embedder?: Embedder;
  readonly logger: Logger;
  /** @default {@link defaultLimits} */
  readonly limits?: IngestLimits;
  /**
   * No other process has this database (the embedded platform): what a killed process left is taken up at once
   * instead of after its lease. @default false
   */
  readonly exclusive?: boolean;
  /** Told of each job that ends, for metrics. @default nobody */
  readonly onJobEnd?: (outcome: "done" | "failed" | "quarantined" | "returned", seconds: number) => void;
}

export interface IngestWorker {
  /** Works on the queue until drained. */
  start(): void;
  /** Stops taking jobs; the one at work goes back to the queue at its next batch. Resolves when all is quiet. */
  drain(): Promise<void>;
  /** Works until no job is due. For tests, the CLI and first starts. */
  runUntilIdle(): Promise<void>;
}

const idleMs = 1_000;
const sweepMs = 3_600_000;
/** Seconds until a job is tried again: after a failure, and while a part we need does not answer. */
const retryAfterSeconds = 2;
const unavailableSeconds = 15;

/** Failures that trying again cannot mend: the document or its source is what it is. */
const finalCodes: readonly ProblemCode[] = [
  "invalid-request",
  "not-found",
  "conflict",
  "too-large",
  "unsupported-media",
  "unreadable-document",
  "source-refused",
];

/** One worker on the ingest queue: one document at a time, in order of arrival. */
export function createIngestWorker(options: IngestWorkerOptions): IngestWorker {
  const { db, store, embedder, logger, limits = defaultLimits } = options;
  const parser = createParser(limits);
  const context: PipelineContext = { db, store, parser, logger, ...(embedder ? { embedder } : {}) };
  const stopping = new AbortController();
  let running: Promise<void> | undefined;

  async function prepare() {
    if (options.exclusive) await takeOverLeases(db);
    await sweep({ db, store, logger });
  }

  async function loop() {
    await prepare().catch((error: unknown) => logger.error({ err: error }, "ingest sweep failed"));
    let swept = Date.now();
    while (!stopping.signal.aborted) {
      try {
        if (await workOnce()) continue;
        if (Date.now() - swept > sweepMs) {
          swept = Date.now();
          await sweep({ db, store, logger });
        }
      } catch (error) {
        logger.error({ err: error }, "ingest queue does not answer");
      }
      await sleep(idleMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  async function workOnce(): Promise<boolean> {
    const job = await leaseJob(db);
    if (!job) return false;
    const began = performance.now();
    const outcome = await work(context, job, stopping.signal);
    const seconds = (performance.now() - began) / 1000;
    logger.info({ jobId: job.id, documentId: job.documentId, outcome, seconds }, "ingest job ended");
    options.onJobEnd?.(outcome, seconds);
    return true;
  }

  return {
    start() {
      running ??= loop();
    },
    async drain() {
      stopping.abort(new Draining());
      await running;
      await parser.close();
    },
    async runUntilIdle() {
      await prepare();
      while (!stopping.signal.aborted && (await workOnce()));
    },
  };
}

class Draining extends Error {
  override readonly name = "Draining";
}

/** Runs one job under its lease and writes how it ended. Never throws for what a document does. */
async function work(context: PipelineContext, job: LeasedJob, stop: AbortSignal) {
  const { db, logger } = context;
  if (job.attempts > maxAttempts) {
    const detail = `The worker died ${maxAttempts} times at stage ${job.stage} of this document.`;
    await end(context, job, "quarantined", new Problem("unreadable-document", detail));
    return "quarantined";
  }
  const lost = new AbortController();
  const heartbeat = setInterval(
    () => void updateJob(db, job).catch((error: unknown) => error instanceof LeaseLost && lost.abort(error)),
    (leaseSeconds * 1000) / 3,
  );
  try {
    await runJob(context, job, AbortSignal.any([stop, lost.signal]));
    return "done";
  } catch (error) {
    return await settle(context, job, error).catch((cause: unknown) => {
      // The database is gone too: the lease runs out and the next worker goes on.
      logger.error({ err: cause, jobId: job.id }, "ingest job could not be written back");
      return "returned" as const;
    });
  } finally {
    clearInterval(heartbeat);
  }
}

async function settle(context: PipelineContext, job: LeasedJob, error: unknown) {
  const { db, logger } = context;
  if (error instanceof LeaseLost) {
    await dropVersionOf(context, job);
    return "returned";
  }
  if (error instanceof Draining) {
    await returnJob(db, job, { attempts: job.attempts - 1, afterSeconds: 0 });
    return "returned";
  }
  if (error instanceof Problem && finalCodes.includes(error.code)) {
    await end(context, job, "failed", error);
    return "failed";
  }
  logger.error({ err: error, jobId: job.id, attempts: job.attempts }, "ingest job failed");
  if (error instanceof Problem && error.code === "unavailable") {
    const problem = problemOf(error);
    await returnJob(db, job, { attempts: job.attempts - 1, afterSeconds: unavailableSeconds, problem });
    return "returned";
  }
  if (job.attempts >= maxAttempts) {
    await end(context, job, "quarantined", error);
    return "quarantined";
  }
  await returnJob(db, job, { attempts: job.attempts, afterSeconds: retryAfterSeconds, problem: problemOf(error) });
  return "returned";
}

/** Ends a job that made no version: nothing of it stays behind but the reason. */
async function end(context: PipelineContext, job: LeasedJob, status: "failed" | "quarantined", error: unknown) {
  await removeVersion(context, job);
  await finishJob(context.db, job, status, problemOf(error));
}

/** After a lost lease: when nobody will go on with this version, what was indexed of it goes. */
async function dropVersionOf(context: PipelineContext, job: LeasedJob): Promise<void> {
  const [row] = await context.db
    .select({ status: ingestJobs.status })
    .from(ingestJobs)
    .where(eq(ingestJobs.id, job.id));
  if (row?.status === "failed" || row?.status === "quarantined") await removeVersion(context, job);
}

async function removeVersion({ db, store }: PipelineContext, job: LeasedJob): Promise<void> {
  const ofVersion = and(eq(chunks.documentId, job.documentId), eq(chunks.version, job.version));
  const rows = await db.select({ id: chunks.id }).from(chunks).where(ofVersion);
  if (rows.length > 0) await store.removeChunks(rows.map((row) => row.id));
  await db.delete(chunks).where(ofVersion);
}
