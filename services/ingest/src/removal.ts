import { and, eq, inArray, isNotNull, sql } from "drizzle-orm";
import { appendAudit } from "@ai-platform/core/audit.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { chunks, documentAcl, documents, ingestJobs } from "@ai-platform/core/db/schema/index.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import type { Logger } from "@ai-platform/core/logger.ts";
import { queryRows } from "@ai-platform/core/vector/sql.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";

interface Stores {
  readonly db: Db;
  readonly store: VectorStore;
}

/**
 * Deletes a document: hidden from its commit on, then index, text and waiting bytes go. The tombstone stays.
 * @param actor principal, for the audit log
 * @throws Problem `not-found`
 */
export async function deleteDocument(
  { db, store }: Stores,
  { tenant, documentId, actor }: { readonly tenant: string; readonly documentId: string; readonly actor: string },
): Promise<void> {
  await db.transaction(async (tx) => {
    const [document] = await tx
      .update(documents)
      .set({ deletedAt: sql`now()`, liveVersion: null, updatedAt: sql`now()` })
      .where(and(eq(documents.id, documentId), eq(documents.tenant, tenant), sql`deleted_at is null`))
      .returning({ source: documents.source });
    if (!document) throw new Problem("not-found", `There is no document ${documentId}.`);
    await tx.delete(documentAcl).where(eq(documentAcl.documentId, documentId));
    const problem = new Problem("conflict", "The document was deleted while it was ingested.").toDocument();
    await tx
      .update(ingestJobs)
      .set({ status: "failed", fence: sql`${ingestJobs.fence} + 1`, leasedUntil: null, problem })
      .where(and(eq(ingestJobs.documentId, documentId), inArray(ingestJobs.status, ["queued", "running"])));
    await appendAudit(tx, {
      tenant,
      actor,
      action: "document.deleted",
      target: `document:${documentId}`,
      outcome: "success",
    });
  });
  await purge({ db, store }, documentId);
}

async function purge({ db, store }: Stores, documentId: string): Promise<void> {
  await store.remove(documentId);
  await db.delete(chunks).where(eq(chunks.documentId, documentId));
}

/** What a sweep found and took away. */
export interface SweepReport {
  readonly tombstones: number;
  readonly orphanPoints: number;
  readonly orphanBytes: number;
}

/**
 * Finishes what processes that died have left: deleted documents whose text is still there, points that belong to
 * no live version and no open job, and bytes no job waits for.
 */
export async function sweep({ db, store, logger }: Stores & { readonly logger: Logger }): Promise<SweepReport> {
  const tombstones = await db
    .selectDistinct({ id: documents.id })
    .from(documents)
    .innerJoin(chunks, eq(chunks.documentId, documents.id))
    .where(isNotNull(documents.deletedAt));
  for (const { id } of tombstones) await purge({ db, store }, id);
  const orphanPoints = await sweepPoints({ db, store });
  const bytes = await queryRows(
    db,
    sql`
    delete from uploads using (
      select tenant, sha256 from uploads where created_at < now() - interval '1 day' and not exists (
        select 1 from ingest_jobs where ingest_jobs.tenant = uploads.tenant
          and status in ('queued', 'running') and request -> 'origin' ->> 'sha256' = uploads.sha256)
    ) as unused where uploads.tenant = unused.tenant and uploads.sha256 = unused.sha256 returning uploads.sha256`,
  );
  const report = {
    tombstones: tombstones.length,
    orphanPoints,
    orphanBytes: bytes.length,
  };
  if (Object.values(report).some((count) => count > 0)) logger.warn(report, "ingest sweep removed leftovers");
  return report;
}

/**
 * The index is listed first and Postgres asked afterwards: a version that appears in between is not in the list, and
 * one that was published in between is live, so nothing in use is ever taken for an orphan.
 */
async function sweepPoints({ db, store }: Stores): Promise<number> {
  let removed = 0;
  for (let after: string | undefined; ;) {
    const page = await store.list(after, 1_000);
    const last = page.at(-1);
    if (!last) return removed;
    after = last.chunkId;
    const used = await versionsInUse(db, [...new Set(page.map((hit) => hit.documentId))]);
    const orphans = page.filter((hit) => !used.has(`${hit.documentId}/${hit.documentVersion}`));
    if (orphans.length > 0) await store.removeChunks(orphans.map((hit) => hit.chunkId));
    removed += orphans.length;
  }
}

async function versionsInUse(db: Db, documentIds: readonly string[]): Promise<Set<string>> {
  const open = await db
    .select({ id: ingestJobs.documentId, version: ingestJobs.version })
    .from(ingestJobs)
    .where(and(inArray(ingestJobs.documentId, documentIds), inArray(ingestJobs.status, ["queued", "running"])));
  const live = await db
    .select({ id: documents.id, version: documents.liveVersion })
    .from(documents)
    .where(inArray(documents.id, documentIds));
  return new Set([...open, ...live].map(({ id, version }) => `${id}/${version}`));
}
