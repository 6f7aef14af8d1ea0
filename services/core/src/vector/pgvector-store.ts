import { sql } from "drizzle-orm";
import type { VersionedAcl } from "../access/model.ts";
import type { AccessFilter } from "../access/filter.ts";
import type { Db } from "../db/database.ts";
import { Problem } from "../errors.ts";
import { foldText } from "./fold.ts";
import { fuseRanks } from "./fusion.ts";
import { claimIndexModel } from "./index-model.ts";
import { searchEmbeddings, searchLexemes } from "./pgvector-search.ts";
import { pgvectorTables, searchConfigs } from "./pgvector-tables.ts";
import { queryRows, searchedSql, textArray } from "./sql.ts";
import type { IndexedChunk, VectorHit, VectorQuery, VectorStore, VectorStoreOptions } from "./store.ts";

/** Chunks written between two looks at the table's statistics: the embedded Postgres has no autovacuum to do it. */
const analyzeEvery = 2_000;
/** Each search brings this many times the hits wanted, so that fusion has something to choose from. */
const listsPerLimit = 3;

/** The search index in the platform's own Postgres, embedded or on a server. */
export function createPgvectorStore(db: Db, options: VectorStoreOptions = {}): VectorStore {
  const { dimensions, model = "unnamed" } = options;
  let unanalyzed = 0;

  return {
    kind: "pgvector",

    async prepare() {
      if (dimensions !== undefined) await claimIndexModel(db, "pgvector", { model, dimensions });
      await db.transaction(async (tx) => {
        for (const statement of pgvectorTables(dimensions)) await tx.execute(statement);
      });
    },

    async upsert(chunks) {
      await upsertChunks(db, chunks, dimensions);
      unanalyzed += chunks.length;
      if (unanalyzed < analyzeEvery) return;
      unanalyzed = 0;
      await db.execute(sql`analyze search_chunks`);
    },

    async search(filter: AccessFilter, query: VectorQuery): Promise<VectorHit[]> {
      const searched = searchedSql(filter, query);
      const wanted = query.limit * listsPerLimit;
      const lists = [await searchLexemes(db, searched, query, wanted)];
      if (query.embedding && dimensions !== undefined) {
        lists.push(await searchEmbeddings(db, searched, query, query.embedding, wanted));
      }
      const hits = new Map(lists.flat().map((hit) => [hit.chunkId, hit]));
      const best = fuseRanks(
        lists.map((list) => list.map((hit) => hit.chunkId)),
        query.limit,
      );
      return best.flatMap((id) => hits.get(id) ?? []);
    },

    async setAcl(documentId: string, acl: VersionedAcl) {
      await db.execute(sql`update search_chunks
        set tenant = ${acl.tenant}, level = ${acl.level}, allow = ${textArray(acl.allow)},
          deny = ${textArray(acl.deny)}, acl_version = ${acl.aclVersion}
        where document_id = ${documentId} and acl_version < ${acl.aclVersion}`);
    },

    async remove(documentId: string, beforeVersion?: number) {
      const old = beforeVersion === undefined ? sql`` : sql` and document_version < ${beforeVersion}`;
      await db.execute(sql`delete from search_chunks where document_id = ${documentId}${old}`);
    },

    async removeChunks(ids: readonly string[]) {
      await db.execute(sql`delete from search_chunks where id = any(${textArray(ids)}::uuid[])`);
    },

    list: (after = "00000000-0000-0000-0000-000000000000", limit = 1_000) =>
      queryRows<VectorHit>(
        db,
        sql`select id as "chunkId", document_id as "documentId", document_version as "documentVersion"
          from search_chunks where id > ${after} order by id limit ${limit}`,
      ),

    async ping() {
      try {
        await db.execute(sql`select 1`);
      } catch (cause) {
        throw new Problem("unavailable", "The search index in Postgres does not answer.", { cause });
      }
    },

    // The connection belongs to whoever opened the database.
    close: async () => undefined,
  };
}

async function upsertChunks(db: Db, chunks: readonly IndexedChunk[], dimensions: number | undefined): Promise<void> {
  if (chunks.length === 0) return;
  const rows = chunks.map((chunk) => ({
    id: chunk.id,
    document_id: chunk.documentId,
    document_version: chunk.documentVersion,
    collection: chunk.collection,
    language: chunk.language,
    config: searchConfigs[chunk.language],
    folded: foldText(chunk.text),
    tenant: chunk.tenant,
    level: chunk.level,
    allow: chunk.allow,
    deny: chunk.deny,
    acl_version: chunk.aclVersion,
    ...(chunk.embedding ? { embedding: JSON.stringify(chunk.embedding) } : {}),
  }));
  const [column, value, update] =
    dimensions === undefined
      ? [sql``, sql``, sql``]
      : [sql`, embedding`, sql`, embedding::vector`, sql`, embedding = excluded.embedding`];
  await db.execute(sql`
    insert into search_chunks (id, document_id, document_version, collection, language, lexemes,
      tenant, level, allow, deny, acl_version${column})
    select id, document_id, document_version, collection, language, to_tsvector(config::regconfig, folded),
      tenant, level, allow, deny, acl_version${value}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as chunk (id uuid, document_id uuid,
      document_version integer, collection text, language text, config text, folded text, tenant text, level integer,
      allow text[], deny text[], acl_version bigint, embedding text)
    on conflict (id) do update set collection = excluded.collection, language = excluded.language,
      lexemes = excluded.lexemes, tenant = excluded.tenant, level = excluded.level, allow = excluded.allow,
      deny = excluded.deny, acl_version = excluded.acl_version${update}
    where search_chunks.acl_version <= excluded.acl_version`);
}
