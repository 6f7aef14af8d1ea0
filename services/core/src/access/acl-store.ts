import { and, eq, lt, sql } from "drizzle-orm";
import { appendAudit } from "../audit.ts";
import type { Db } from "../db/database.ts";
import { documentAcl, documents } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";
import { queryRows } from "../vector/sql.ts";
import type { DocumentAcl, VersionedAcl } from "./model.ts";

/**
 * Sets who may read a document and records it in the audit log. Holds from the commit on for what it takes away;
 * what it gives is found once the search index has its copy, see {@link createAclSync}.
 * @param actor as in the audit log, such as `user:<sub>`
 * @returns the new version, larger than that of every earlier change
 * @throws Problem `not-found` where the document is gone
 */
export async function setAcl(db: Db, documentId: string, acl: DocumentAcl, actor: string): Promise<number> {
  return db.transaction(async (tx) => {
    // The lock comes before the number: of two changes at once, the later one must get the larger version.
    const [document] = await tx
      .select({ tenant: documents.tenant, deletedAt: documents.deletedAt })
      .from(documents)
      .where(eq(documents.id, documentId))
      .for("update");
    if (!document || document.deletedAt) throw new Problem("not-found", "There is no such document.");
    const [next] = await queryRows<{ version: string }>(tx, sql`select nextval('acl_versions')::text as version`);
    const aclVersion = Number(next?.version);
    const rights = {
      tenant: document.tenant,
      allow: [...new Set(acl.allow)].sort(),
      deny: [...new Set(acl.deny)].sort(),
      level: acl.level,
      aclVersion,
      updatedBy: actor,
      updatedAt: new Date(),
    };
    await tx
      .insert(documentAcl)
      .values({ documentId, ...rights })
      .onConflictDoUpdate({ target: documentAcl.documentId, set: rights });
    await appendAudit(tx, {
      tenant: document.tenant,
      actor,
      action: "document.acl-changed",
      target: `document:${documentId}`,
      outcome: "success",
      detail: { aclVersion, allow: rights.allow, deny: rights.deny, level: rights.level },
    });
    return aclVersion;
  });
}

/** The rights of a document as they are now; `undefined` where it has none, and then it must not be indexed. */
export async function getAcl(db: Db, documentId: string): Promise<VersionedAcl | undefined> {
  const [acl] = await db
    .select({
      tenant: documentAcl.tenant,
      allow: documentAcl.allow,
      deny: documentAcl.deny,
      level: documentAcl.level,
      aclVersion: documentAcl.aclVersion,
    })
    .from(documentAcl)
    .where(eq(documentAcl.documentId, documentId));
  return acl;
}

/**
 * Notes which version of its rights a document's new chunks were indexed with. Ingest calls it in the transaction that
 * publishes them: rights changed meanwhile are then behind-hand again, and the sync copies them.
 */
export async function noteIndexedAcl(db: Db, documentId: string, aclVersion: number): Promise<void> {
  await db.update(documentAcl).set({ syncedVersion: aclVersion }).where(eq(documentAcl.documentId, documentId));
}

/** Notes that the search index holds this version of a document's rights, unless it holds a newer one. */
export async function noteSyncedAcl(db: Db, documentId: string, aclVersion: number): Promise<void> {
  await db
    .update(documentAcl)
    .set({ syncedVersion: aclVersion })
    .where(and(eq(documentAcl.documentId, documentId), lt(documentAcl.syncedVersion, aclVersion)));
}
