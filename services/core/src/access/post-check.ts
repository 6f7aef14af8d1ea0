import { and, asc, eq, gte, inArray, type SQL } from "drizzle-orm";
import type { Db } from "../db/database.ts";
import { chunks, documentAcl, documents } from "../db/schema/index.ts";
import { languages, type Language } from "../vector/store.ts";
import type { AccessRights } from "./model.ts";
import { readableBy } from "./readable.ts";
import type { ChunkMeta, Passage } from "./retriever.ts";

/** Of these chunks, those of live versions of documents that these rights allow to read, now. In no order. */
export async function readableChunks(db: Db, rights: AccessRights, ids: readonly string[]): Promise<Passage[]> {
  if (ids.length === 0) return [];
  return selectPassages(db, rights, inArray(chunks.id, [...ids]));
}

/** Chunks of the live version of one document, in order, if these rights allow to read it. */
export async function readableText(
  db: Db,
  rights: AccessRights,
  documentId: string,
  from: number,
  limit: number,
): Promise<Passage[]> {
  return selectPassages(db, rights, and(eq(chunks.documentId, documentId), gte(chunks.ordinal, from)), limit);
}

async function selectPassages(
  db: Db,
  rights: AccessRights,
  asked: SQL | undefined,
  limit?: number,
): Promise<Passage[]> {
  const query = db
    .select({
      chunkId: chunks.id,
      documentId: documents.id,
      documentVersion: chunks.version,
      aclVersion: documentAcl.aclVersion,
      level: documentAcl.level,
      ordinal: chunks.ordinal,
      title: documents.title,
      source: documents.source,
      collection: documents.collection,
      headingPath: chunks.headingPath,
      text: chunks.text,
      pageFrom: chunks.pageFrom,
      pageTo: chunks.pageTo,
      language: chunks.language,
      meta: chunks.meta,
    })
    .from(chunks)
    .innerJoin(documents, and(eq(documents.id, chunks.documentId), eq(documents.liveVersion, chunks.version)))
    .innerJoin(documentAcl, eq(documentAcl.documentId, documents.id))
    .where(and(asked, readableBy(rights)))
    .orderBy(asc(chunks.ordinal));
  const rows = await (limit === undefined ? query : query.limit(limit));
  return rows.map((row) => ({ ...row, language: toLanguage(row.language), meta: row.meta as ChunkMeta }));
}

function toLanguage(value: string): Language {
  return languages.find((language) => language === value) ?? "simple";
}
