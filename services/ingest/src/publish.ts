import { and, eq, gt, inArray, lt, ne, sql } from "drizzle-orm";
import { noteIndexedAcl, noteSyncedAcl, setAcl } from "@ai-platform/core/access/acl-store.ts";
import type { DocumentAcl } from "@ai-platform/core/access/model.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { chunks, documentAcl, documents, ingestJobs, uploads } from "@ai-platform/core/db/schema/index.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { finishJob, updateJob, type LeasedJob } from "./queue.ts";

interface Stores {
  readonly db: Db;
  readonly store: VectorStore;
}

/**
 * The version swap: one commit makes the new version live, with the rights it was handed in with.
 * Before it readers see the old version only, after it the new one only, whatever the index holds.
 */
export async function publish({ db }: Stores, job: LeasedJob): Promise<void> {
  const { facts, request } = job;
  await db.transaction(async (tx) => {
    await updateJob(tx, job, { stage: "publish" });
    await lockDocument(tx, job);
    await applyAcl(tx, job);
    // Batches may carry rights from before a change that the index already had: have them copied once more.
    await noteIndexedAcl(tx, job.documentId, 0);
    await tx
      .update(documents)
      .set({
        liveVersion: job.version,
        contentHash: facts.contentHash ?? null,
        title: facts.title ?? request.source,
        mime: facts.mime ?? "application/octet-stream",
        language: facts.language ?? "simple",
        collection: request.collection ?? request.department,
        updatedAt: sql`now()`,
      })
      .where(eq(documents.id, job.documentId));
  });
}

/** After the swap: rights to the index, then the old version's points, text and bytes go. May be repeated. */
export async function cleanUp({ db, store }: Stores, job: LeasedJob): Promise<void> {
  await syncAcl({ db, store }, job.documentId);
  await store.remove(job.documentId, job.version);
  await db.delete(chunks).where(and(eq(chunks.documentId, job.documentId), lt(chunks.version, job.version)));
  await finish(db, job);
}

/** The live version has these bytes already: no new version, only the rights where they differ. */
export async function publishUnchanged({ db, store }: Stores, job: LeasedJob): Promise<void> {
  await db.transaction(async (tx) => {
    await updateJob(tx, job);
    await lockDocument(tx, job);
    await applyAcl(tx, job);
  });
  await syncAcl({ db, store }, job.documentId);
  await finish(db, job);
}

async function finish(db: Db, job: LeasedJob): Promise<void> {
  await db.transaction(async (tx) => {
    await finishJob(tx, job, "done");
    await dropUpload(tx, job);
  });
}

/** Bytes go when no other job waits for them. */
export async function dropUpload(tx: Db, job: LeasedJob): Promise<void> {
  const { origin } = job.request;
  const waiting = tx
    .select({ one: sql`1` })
    .from(ingestJobs)
    .where(
      and(
        eq(ingestJobs.tenant, job.tenant),
        ne(ingestJobs.id, job.id),
        inArray(ingestJobs.status, ["queued", "running"]),
        sql`${ingestJobs.request} -> 'origin' ->> 'sha256' = ${origin.sha256}`,
      ),
    );
  await tx
    .delete(uploads)
    .where(and(eq(uploads.tenant, job.tenant), eq(uploads.sha256, origin.sha256), sql`not exists (${waiting})`));
}

async function lockDocument(tx: Db, job: LeasedJob): Promise<void> {
  const [document] = await tx
    .select({ deletedAt: documents.deletedAt })
    .from(documents)
    .where(eq(documents.id, job.documentId))
    .for("update");
  if (!document || document.deletedAt) throw new Problem("conflict", "The document was deleted while it was ingested.");
}

/** The request's rights, unless somebody changed them after it was made. */
async function applyAcl(tx: Db, job: LeasedJob): Promise<void> {
  const [acl] = await tx.select().from(documentAcl).where(eq(documentAcl.documentId, job.documentId)).for("update");
  if (!acl || acl.aclVersion !== job.aclVersion || sameAcl(acl, job.request.acl)) return;
  const aclVersion = await setAcl(tx, job.documentId, job.request.acl, job.createdBy);
  // Later submissions were made against the rights as they were before this one, not against a change by hand.
  await tx
    .update(ingestJobs)
    .set({ aclVersion })
    .where(
      and(
        eq(ingestJobs.documentId, job.documentId),
        gt(ingestJobs.version, job.version),
        eq(ingestJobs.aclVersion, job.aclVersion),
      ),
    );
}

/** Whether two lists of rights say the same. */
export function sameAcl(one: DocumentAcl, other: DocumentAcl): boolean {
  const same = (a: readonly string[], b: readonly string[]) =>
    a.length === b.length && [...a].sort().join("\n") === [...b].sort().join("\n");
  return one.level === other.level && same(one.allow, other.allow) && same(one.deny, other.deny);
}

/** Copies a document's present rights to the index. */
export async function syncAcl({ db, store }: Stores, documentId: string): Promise<void> {
  const [acl] = await db.select().from(documentAcl).where(eq(documentAcl.documentId, documentId));
  if (!acl || acl.syncedVersion >= acl.aclVersion) return;
  const { tenant, allow, deny, level, aclVersion } = acl;
  await store.setAcl(documentId, { tenant, allow, deny, level, aclVersion });
  await noteSyncedAcl(db, documentId, aclVersion);
}
