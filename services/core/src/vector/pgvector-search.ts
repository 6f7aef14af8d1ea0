import { sql, type SQL } from "drizzle-orm";
import type { Db } from "../db/database.ts";
import { queryWords } from "./fold.ts";
import { searchConfigs } from "./pgvector-tables.ts";
import { queryRows, textArray } from "./sql.ts";
import type { VectorHit, VectorQuery } from "./store.ts";

/** Chunks the vector index looks at before it gives up: where it finds too few that may be read, there are few. */
const maxScanTuples = 2_000;

const hitColumns = sql.raw(`id as "chunkId", document_id as "documentId", document_version as "documentVersion"`);

/**
 * Lexical search: any word may match, rarer words weigh more, and each chunk is matched in its own language, so that
 * names and article numbers are found across languages. Rarity is counted over the chunks the filter lets through:
 * the order of results tells nothing about the others. Scores are rounded, because the last digits of a sum depend on
 * the order in which the database meets the rows.
 */
export async function searchLexemes(db: Db, searched: SQL, query: VectorQuery, limit: number): Promise<VectorHit[]> {
  const words = queryWords(query.text);
  if (words.length === 0) return [];
  const configs = Object.entries(searchConfigs).map(([language, config]) => sql`(${language}, ${config}::regconfig)`);
  return queryRows<VectorHit>(
    db,
    sql`
    with configs (language, config) as (values ${sql.join(configs, sql`, `)}),
    asked as (
      select word from unnest(${textArray(words)}) word
      where to_tsvector(${searchConfigs[query.language]}::regconfig, word) <> ''
    ),
    terms as (
      select distinct language as term_language, lexeme, ('''' || lexeme || '''')::tsquery as term
      from asked, configs, unnest(tsvector_to_array(to_tsvector(config, word))) lexeme
    ),
    visible as materialized (
      select id, document_id, document_version, language, lexemes from search_chunks
      where lexemes @@ (select string_agg(term::text, ' | ')::tsquery from terms) and ${searched}
    ),
    matches as (
      select id, document_id, document_version, lexeme, ts_rank(lexemes, term, 1) as weight
      from visible join terms on language = term_language and lexemes @@ term
    ),
    rarity as (
      select lexeme, ln(1 + (select count(distinct id) from matches)::float / count(*)) as idf
      from matches group by lexeme
    )
    select ${hitColumns}
    from matches join rarity using (lexeme)
    group by id, document_id, document_version
    order by round(sum(weight * idf)::numeric, 6) desc, id
    limit ${limit}`,
  );
}

/** Dense search by inner product of unit vectors: exact where asked for, or where few chunks pass the filter. */
export async function searchEmbeddings(
  db: Db,
  searched: SQL,
  query: VectorQuery,
  embedding: readonly number[],
  limit: number,
): Promise<VectorHit[]> {
  const distance = sql`embedding <#> ${JSON.stringify(embedding)}::vector`;
  const visible = sql`from search_chunks where ${searched} and embedding is not null`;
  if (!query.exact) {
    const near = await db.transaction(async (tx) => {
      // A filter that refuses the nearest neighbours makes the index go on until it has enough that pass.
      await tx.execute(sql`select set_config('hnsw.iterative_scan', 'strict_order', true),
        set_config('hnsw.max_scan_tuples', ${String(maxScanTuples)}, true),
        set_config('hnsw.ef_search', ${String(Math.min(Math.max(limit * 2, 80), 1000))}, true)`);
      return queryRows<VectorHit>(tx, sql`select ${hitColumns} ${visible} order by ${distance} limit ${limit}`);
    });
    if (near.length === limit) return near;
  }
  return queryRows<VectorHit>(
    db,
    sql`with visible as materialized (select id, document_id, document_version, embedding ${visible})
      select ${hitColumns} from visible order by ${distance}, id limit ${limit}`,
  );
}
