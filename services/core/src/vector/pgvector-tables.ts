import { sql, type SQL } from "drizzle-orm";
import type { Language } from "./store.ts";

/** Postgres' text search configuration of each language. */
export const searchConfigs: Readonly<Record<Language, string>> = {
  fr: "french",
  ar: "arabic",
  en: "english",
  simple: "simple",
};

/** Same lock in every process: replicas that start together create the tables once. */
const prepareLock = sql`select pg_advisory_xact_lock(7208889)`;

/**
 * Tables of the pgvector adapter, created by it and not by the migrations, because the vector's length is configuration.
 * Lexical search alone needs no extension, so that any Postgres will do.
 * `lexemes` is computed from the folded text on write: the text itself stays in `chunks` alone.
 */
export function pgvectorTables(dimensions: number | undefined): SQL[] {
  const statements = [
    prepareLock,
    sql`create table if not exists search_chunks (
      id uuid primary key,
      document_id uuid not null,
      document_version integer not null,
      collection text not null,
      language text not null,
      lexemes tsvector not null,
      tenant text not null,
      level integer not null,
      allow text[] not null,
      deny text[] not null,
      acl_version bigint not null
    )`,
    sql`create index if not exists search_chunks_document on search_chunks (document_id)`,
    sql`create index if not exists search_chunks_tenant on search_chunks (tenant, level)`,
    sql`create index if not exists search_chunks_allow on search_chunks using gin (allow)`,
    sql`create index if not exists search_chunks_lexemes on search_chunks using gin (lexemes)`,
  ];
  if (dimensions !== undefined) {
    const type = sql.raw(`vector(${String(dimensions)})`);
    statements.push(
      sql`create extension if not exists vector`,
      sql`alter table search_chunks add column if not exists embedding ${type}`,
      sql`create index if not exists search_chunks_embedding on search_chunks using hnsw (embedding vector_ip_ops)`,
    );
  }
  return statements;
}
