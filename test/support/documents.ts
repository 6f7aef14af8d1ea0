import { randomUUID } from "node:crypto";
import { noteIndexedAcl, setAcl } from "@ai-platform/core/access/acl-store.ts";
import type { DocumentAcl } from "@ai-platform/core/access/model.ts";
import type { ChunkMeta } from "@ai-platform/core/access/retriever.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { chunks, documents } from "@ai-platform/core/db/schema/index.ts";
import type { Language, VectorStore } from "@ai-platform/core/vector/store.ts";

/** A document with one chunk per text. */
export interface DocumentSpec {
  readonly title: string;
  readonly texts: readonly string[];
  /** @default "hr" */
  readonly collection?: string;
  /** @default "fr" */
  readonly language?: Language;
  /** @default everybody in the tenant, level 0 */
  readonly acl?: DocumentAcl;
  readonly meta?: ChunkMeta;
}

/** Publishes a document as ingest would, and returns its id. */
export async function publishDocument(
  { db, store }: { readonly db: Db; readonly store: VectorStore },
  tenant: string,
  spec: DocumentSpec,
): Promise<string> {
  const { title, texts, collection = "hr", language = "fr", meta = {} } = spec;
  const acl = spec.acl ?? { allow: ["tenant:all"], deny: [], level: 0 };
  const id = randomUUID();
  const common = { tenant, collection, language };
  await db.insert(documents).values({
    ...common,
    id,
    title,
    source: `file:${id}.md`,
    department: collection,
    mime: "text/markdown",
    createdBy: "system",
    liveVersion: 1,
  });
  const aclVersion = await setAcl(db, id, acl, "system");
  const rows = texts.map((text, ordinal) => ({ id: randomUUID(), ordinal, text }));
  await db
    .insert(chunks)
    .values(
      rows.map((row) => ({ ...row, documentId: id, version: 1, headingPath: [title], language, tokens: 50, meta })),
    );
  await store.upsert(
    rows.map((row) => ({
      ...common,
      ...acl,
      aclVersion,
      id: row.id,
      documentId: id,
      documentVersion: 1,
      text: row.text,
    })),
  );
  await noteIndexedAcl(db, id, aclVersion);
  return id;
}
