import { createHash } from "node:crypto";
import { and, asc, eq, sql } from "drizzle-orm";
import { validate as isUuid } from "uuid";
import type { Db } from "../db/database.ts";
import { documentAcl, documents } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";
import type { VerifiedCaller } from "../identity/caller.ts";
import type { Logger } from "../logger.ts";
import type { Embedder } from "../models/embedder.ts";
import { detectLanguage } from "../vector/language.ts";
import type { VectorStore } from "../vector/store.ts";
import { buildAccessFilter } from "./filter.ts";
import { readableChunks, readableText } from "./post-check.ts";
import { readableBy } from "./readable.ts";
import type { ReadableDocument, Retriever, SearchRequest, SearchResult } from "./retriever.ts";

export interface RetrieverOptions {
  readonly db: Db;
  readonly store: VectorStore;
  /** Adds dense search. @default lexical search alone */
  readonly embedder?: Embedder;
  readonly logger: Logger;
}

const defaultLimit = 8;
const maxLimit = 100;
const maxPage = 500;
/** Hits asked of the store per passage wanted: what the post-check drops is made up for. */
const overfetch = 2;

export function createRetriever({ db, store, embedder, logger }: RetrieverOptions): Retriever {
  /** `undefined` where the embedding server fails: words alone still find, and the result says so. */
  async function embedQuery(text: string, signal?: AbortSignal): Promise<readonly number[] | undefined> {
    try {
      return (await embedder?.embed([text], signal))?.[0];
    } catch (error) {
      signal?.throwIfAborted();
      logger.warn({ error }, "embedding server failed; searching by words alone");
      return undefined;
    }
  }

  async function search(caller: VerifiedCaller, request: SearchRequest, signal?: AbortSignal): Promise<SearchResult> {
    const limit = clamp(request.limit ?? defaultLimit, 1, maxLimit);
    const filter = buildAccessFilter(caller);
    const narrowing = {
      ...(request.collections ? { collections: request.collections } : {}),
      ...(request.documentIds ? { documentIds: request.documentIds.filter((id) => isUuid(id)) } : {}),
    };
    const record = {
      principalsHash: sha256(caller.principals),
      filterHash: sha256([filter?.clauses ?? null, narrowing]),
    };
    if (!filter || request.query.trim() === "") return { passages: [], rights: { ...record, dropped: 0 } };

    const embedding = await embedQuery(request.query, signal);
    signal?.throwIfAborted();
    const hits = await store.search(filter, {
      text: request.query,
      language: request.language ?? detectLanguage(request.query),
      limit: limit * overfetch,
      ...(embedding ? { embedding } : {}),
      ...(request.exact === undefined ? {} : { exact: request.exact }),
      ...narrowing,
    });
    signal?.throwIfAborted();

    const readable = new Map(
      (
        await readableChunks(
          db,
          caller,
          hits.map((hit) => hit.chunkId),
        )
      ).map((passage) => [passage.chunkId, passage]),
    );
    const dropped = hits.length - readable.size;
    if (dropped > 0)
      logger.info({ dropped, hits: hits.length }, "search index was behind: hits refused by the post-check");
    return {
      passages: hits.flatMap((hit) => readable.get(hit.chunkId) ?? []).slice(0, limit),
      rights: { ...record, dropped },
      ...(embedder && !embedding ? { degraded: "lexical-only" as const } : {}),
    };
  }

  const read: Retriever["read"] = async (caller, documentId, { from = 0, limit = 50 } = {}) => {
    const [first, count] = [clamp(from, 0, 2 ** 31 - 1), clamp(limit, 1, maxPage)];
    const passages = isUuid(documentId) ? await readableText(db, caller, documentId, first, count) : [];
    // A document that ends before `from` is not missing, but an unreadable one must look exactly like none.
    if (passages.length === 0 && !(await isReadable(db, caller, documentId))) {
      throw new Problem("not-found", "There is no such document, or you may not read it.");
    }
    return passages;
  };

  return { search, read, list: (caller, page) => listReadable(db, caller, page) };
}

async function isReadable(db: Db, caller: VerifiedCaller, documentId: string): Promise<boolean> {
  if (!isUuid(documentId)) return false;
  const rows = await db
    .select({ id: documents.id })
    .from(documents)
    .innerJoin(documentAcl, eq(documentAcl.documentId, documents.id))
    .where(and(eq(documents.id, documentId), readableBy(caller)));
  return rows.length > 0;
}

async function listReadable(
  db: Db,
  caller: VerifiedCaller,
  { after, limit = 100 }: { readonly after?: string; readonly limit?: number } = {},
): Promise<ReadableDocument[]> {
  if (after !== undefined && !isUuid(after)) return [];
  const rows = db.$with("readable").as(
    db
      .select({
        id: documents.id,
        title: documents.title,
        collection: documents.collection,
        department: documents.department,
        source: documents.source,
        language: documents.language,
        level: documentAcl.level,
        updatedAt: documents.updatedAt,
      })
      .from(documents)
      .innerJoin(documentAcl, eq(documentAcl.documentId, documents.id))
      .where(readableBy(caller)),
  );
  // The page's start is looked up among readable documents alone: another id tells nothing about its title.
  const start = sql`(${rows.title}, ${rows.id}) > (select title, id from readable where id = ${after ?? null})`;
  return db
    .with(rows)
    .select()
    .from(rows)
    .where(after === undefined ? undefined : start)
    .orderBy(asc(rows.title), asc(rows.id))
    .limit(clamp(limit, 1, maxPage));
}

/** A whole number within bounds; the lower one for what is no number. */
function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(Math.trunc(value) || min, min), max);
}

function sha256(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
