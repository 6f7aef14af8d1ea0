import { and, asc, eq, gte, inArray, lt, notExists, or, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import type { Db } from "@ai-platform/core/db/database.ts";
import { chunks, ingestJobs } from "@ai-platform/core/db/schema/index.ts";
import { Problem, type ProblemDocument } from "@ai-platform/core/errors.ts";
import type { IngestProgress, IngestRequest, IngestStage } from "./request.ts";

/** Seconds a worker may be silent before its job is given to another. */
export const leaseSeconds = 60;
/** Tries before a document is set aside. */
export const maxAttempts = 3;

/** What the finished stages found out and later ones need, so that a resumed job does not start over. */
export interface JobFacts {
  readonly contentHash?: string;
  readonly mime?: string;
  readonly title?: string;
  readonly language?: string;
  readonly chunks?: number;
}

/** A job in the hands of one worker. Every write names the fence; another worker's lease makes it void. */
export interface LeasedJob {
  readonly id: string;
  readonly tenant: string;
  readonly documentId: string;
  readonly version: number;
  readonly aclVersion: number;
  readonly request: IngestRequest;
  readonly facts: JobFacts;
  readonly stage: IngestStage;
  readonly progress: IngestProgress;
  readonly attempts: number;
  readonly fence: number;
  readonly createdBy: string;
}

/** The job was given to another worker, or its document was deleted. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

const now = sql`now()`;
const later = (seconds: number) => sql`now() + make_interval(secs => ${seconds})`;

/**
 * Takes the oldest job that is due. Jobs of one document run strictly in the order of their versions:
 * that is what keeps eight workers on one document from overwriting each other.
 */
export async function leaseJob(db: Db): Promise<LeasedJob | undefined> {
  const earlier = alias(ingestJobs, "earlier");
  const due = db
    .select({ id: ingestJobs.id })
    .from(ingestJobs)
    .where(
      and(
        inArray(ingestJobs.status, ["queued", "running"]),
        or(sql`${ingestJobs.leasedUntil} is null`, lt(ingestJobs.leasedUntil, now)),
        notExists(
          db
            .select({ one: sql`1` })
            .from(earlier)
            .where(
              and(
                eq(earlier.documentId, ingestJobs.documentId),
                lt(earlier.version, ingestJobs.version),
                inArray(earlier.status, ["queued", "running"]),
              ),
            ),
        ),
      ),
    )
    .orderBy(asc(ingestJobs.createdAt))
    .limit(1)
    .for("update", { skipLocked: true });
  const [row] = await db
    .update(ingestJobs)
    .set({
      status: "running",
      fence: sql`${ingestJobs.fence} + 1`,
      attempts: sql`${ingestJobs.attempts} + 1`,
      leasedUntil: later(leaseSeconds),
      updatedAt: now,
    })
    .where(inArray(ingestJobs.id, due))
    .returning();
  return row as LeasedJob | undefined;
}

/** Writes to a leased job and renews the lease. @throws LeaseLost */
export async function updateJob(
  db: Db,
  job: LeasedJob,
  change: { readonly stage?: IngestStage; readonly progress?: IngestProgress; readonly facts?: JobFacts } = {},
): Promise<void> {
  const [row] = await db
    .update(ingestJobs)
    .set({ ...change, leasedUntil: later(leaseSeconds), updatedAt: now })
    .where(held(job))
    .returning({ id: ingestJobs.id });
  if (!row) throw new LeaseLost(`ingest job ${job.id}`);
}

/** Ends a leased job. @throws LeaseLost */
export async function finishJob(
  db: Db,
  job: LeasedJob,
  status: "done" | "failed" | "quarantined",
  problem?: ProblemDocument,
): Promise<void> {
  const [row] = await db
    .update(ingestJobs)
    .set({ status, problem: problem ?? null, leasedUntil: null, updatedAt: now })
    .where(held(job))
    .returning({ id: ingestJobs.id });
  if (!row) throw new LeaseLost(`ingest job ${job.id}`);
}

/** Gives a job back to the queue. `attempts` is what the next lease counts on from. */
export async function returnJob(
  db: Db,
  job: LeasedJob,
  options: { readonly attempts: number; readonly afterSeconds: number; readonly problem?: ProblemDocument },
): Promise<void> {
  await db
    .update(ingestJobs)
    .set({
      status: "queued",
      attempts: options.attempts,
      leasedUntil: later(options.afterSeconds),
      updatedAt: now,
      ...(options.problem ? { problem: options.problem } : {}),
    })
    .where(held(job));
}

/** Frees the leases of a dead process at once. Only for the one process that owns the database. */
export async function takeOverLeases(db: Db): Promise<void> {
  await db.update(ingestJobs).set({ leasedUntil: null }).where(eq(ingestJobs.status, "running"));
}

/** Chunks of the job's version that are stored but not indexed yet, in order. */
export async function chunksFrom(db: Db, job: LeasedJob, ordinal: number, limit: number) {
  return db
    .select()
    .from(chunks)
    .where(and(eq(chunks.documentId, job.documentId), eq(chunks.version, job.version), gte(chunks.ordinal, ordinal)))
    .orderBy(asc(chunks.ordinal))
    .limit(limit);
}

/** Problem document of anything thrown; what is not a Problem is told without its inner words. */
export function problemOf(error: unknown): ProblemDocument {
  if (error instanceof Problem) return error.toDocument();
  return new Problem(
    "internal",
    "Ingestion failed for a reason of our own; the log of the worker has it.",
  ).toDocument();
}

function held(job: LeasedJob) {
  return and(eq(ingestJobs.id, job.id), eq(ingestJobs.fence, job.fence), eq(ingestJobs.status, "running"));
}
