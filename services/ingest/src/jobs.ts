import { createHash } from "node:crypto";
import { and, desc, eq, inArray, isNull, max, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { setAcl } from "@ai-platform/core/access/acl-store.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { documentAcl, documents, ingestJobs, uploads } from "@ai-platform/core/db/schema/index.ts";
import { Problem, type ProblemDocument } from "@ai-platform/core/errors.ts";
import {
  ingestRequestSchema,
  type IngestProgress,
  type IngestRequest,
  type IngestStage,
  type JobStatus,
} from "./request.ts";

/** A document handed in: who hands it in, what it is, and its bytes where they are not stored yet. */
export interface Submission {
  readonly tenant: string;
  /** Principal, such as `user:<sub>`. */
  readonly createdBy: string;
  readonly request: IngestRequest;
  readonly bytes?: Uint8Array;
}

export interface Submitted {
  readonly jobId: string;
  readonly documentId: string;
}

/** A job as its maker sees it. */
export interface Job {
  readonly id: string;
  readonly documentId: string;
  readonly source: string;
  readonly department: string;
  readonly stage: IngestStage;
  readonly status: JobStatus;
  readonly attempts: number;
  readonly progress: IngestProgress;
  /** Why it failed, or failed last. */
  readonly problem: ProblemDocument | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Queues one document: bytes, document row, first ACL and job in one commit, so that nothing is half there.
 * Handing in again what is still waiting gives the job that waits.
 * @throws Problem `invalid-request`, or `conflict` where the source belongs to another department
 */
export async function submitDocument(db: Db, submission: Submission): Promise<Submitted> {
  const request = parseRequest(submission.request);
  const { tenant, createdBy, bytes } = submission;
  if (bytes && sha256(bytes) !== request.origin.sha256) {
    throw new Problem("invalid-request", "The bytes do not have the SHA-256 that the request names.", {
      errors: [{ field: "origin.sha256", message: "must be the SHA-256 of the bytes" }],
    });
  }
  return db.transaction(async (tx) => {
    await keepUpload(tx, tenant, request, bytes);
    const document = await findOrCreateDocument(tx, tenant, createdBy, request);
    const waiting = await findSameJob(tx, document.id, request);
    if (waiting) return { jobId: waiting, documentId: document.id };
    const aclVersion = await currentAclVersion(tx, document.id, request, createdBy);
    const [last] = await tx
      .select({ version: max(ingestJobs.version) })
      .from(ingestJobs)
      .where(eq(ingestJobs.documentId, document.id));
    const jobId = uuidv7();
    await tx.insert(ingestJobs).values({
      id: jobId,
      tenant,
      request,
      documentId: document.id,
      version: (last?.version ?? 0) + 1,
      aclVersion,
      createdBy,
    });
    return { jobId, documentId: document.id };
  });
}

/** @throws Problem `not-found` alike for "none" and "another tenant's" */
export async function getJob(db: Db, tenant: string, jobId: string): Promise<Job> {
  const [row] = await db
    .select()
    .from(ingestJobs)
    .where(and(eq(ingestJobs.tenant, tenant), eq(ingestJobs.id, jobId)));
  if (!row) throw new Problem("not-found", `There is no ingest job ${jobId}.`);
  const request = row.request as IngestRequest;
  return {
    id: row.id,
    documentId: row.documentId,
    source: request.source,
    department: request.department,
    stage: row.stage as IngestStage,
    status: row.status as JobStatus,
    attempts: row.attempts,
    progress: row.progress as IngestProgress,
    problem: row.problem as ProblemDocument | null,
    createdBy: row.createdBy,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}

function parseRequest(input: unknown): IngestRequest {
  const parsed = ingestRequestSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({ field: issue.path.join("."), message: issue.message }));
  const detail = errors.map((error) => `\`${error.field}\` ${error.message}`).join("; ");
  throw new Problem("invalid-request", `The ingest request is not valid: ${detail}.`, { errors });
}

async function keepUpload(tx: Db, tenant: string, request: IngestRequest, bytes: Uint8Array | undefined) {
  const { sha256 } = request.origin;
  if (bytes) {
    await tx.insert(uploads).values({ tenant, sha256, bytes, size: bytes.length }).onConflictDoNothing();
    return;
  }
  const [kept] = await tx
    .select({ size: uploads.size })
    .from(uploads)
    .where(and(eq(uploads.tenant, tenant), eq(uploads.sha256, sha256)));
  if (!kept) throw new Problem("invalid-request", "The request names bytes that were not sent with it.");
}

/** Locks the document row, so that submissions of one source happen one after the other. */
async function findOrCreateDocument(tx: Db, tenant: string, createdBy: string, request: IngestRequest) {
  const { source, department } = request;
  await tx
    .insert(documents)
    .values({
      id: uuidv7(),
      tenant,
      source,
      title: request.title ?? source,
      collection: request.collection ?? department,
      department,
      mime: "application/octet-stream",
      createdBy,
    })
    .onConflictDoNothing();
  const [document] = await tx
    .select({ id: documents.id, department: documents.department })
    .from(documents)
    .where(and(eq(documents.tenant, tenant), eq(documents.source, source), isNull(documents.deletedAt)))
    .for("update");
  if (!document) throw new Problem("conflict", "The document was deleted while it was handed in. Send it again.");
  if (document.department !== department) {
    throw new Problem("conflict", `\`department\` ${department} does not own this source; another department does.`, {
      errors: [{ field: "department", message: "must be the department that owns the source" }],
    });
  }
  return document;
}

async function findSameJob(tx: Db, documentId: string, request: IngestRequest): Promise<string | undefined> {
  const [latest] = await tx
    .select({ id: ingestJobs.id, same: sql<boolean>`${ingestJobs.request} = ${JSON.stringify(request)}::jsonb` })
    .from(ingestJobs)
    .where(and(eq(ingestJobs.documentId, documentId), inArray(ingestJobs.status, ["queued", "running"])))
    .orderBy(desc(ingestJobs.version))
    .limit(1);
  return latest?.same ? latest.id : undefined;
}

async function currentAclVersion(tx: Db, documentId: string, request: IngestRequest, actor: string): Promise<number> {
  const [acl] = await tx
    .select({ aclVersion: documentAcl.aclVersion })
    .from(documentAcl)
    .where(eq(documentAcl.documentId, documentId));
  return acl?.aclVersion ?? setAcl(tx, documentId, request.acl, actor);
}
