import { sql, type SQL } from "drizzle-orm";
import type { AccessClause, AccessFilter } from "../access/filter.ts";
import type { Db } from "../db/database.ts";
import type { VectorQuery } from "./store.ts";

/** Runs raw SQL; both drivers answer with `rows`. */
export async function queryRows<Row>(db: Db, query: SQL): Promise<Row[]> {
  const result = (await db.execute(query)) as { rows: Row[] };
  return result.rows;
}

/** A text array as one parameter; drizzle would otherwise spread it into a list. */
export function textArray(values: readonly string[]): SQL {
  return sql`${sql.param(values)}::text[]`;
}

/** One access clause on `search_chunks`. */
function clauseSql(clause: AccessClause): SQL {
  switch (clause.field) {
    case "tenant":
      return sql`tenant = ${clause.is}`;
    case "level":
      return sql`level <= ${clause.atMost}`;
    case "allow":
      return sql`allow && ${textArray(clause.anyOf)}`;
    case "deny":
      return sql`not (deny && ${textArray(clause.noneOf)})`;
  }
}

/** What may be searched: every access clause, and the query's own narrowing. */
export function searchedSql(filter: AccessFilter, query: VectorQuery): SQL {
  const conditions = filter.clauses.map(clauseSql);
  if (query.collections) conditions.push(sql`collection = any(${textArray(query.collections)})`);
  if (query.documentIds) conditions.push(sql`document_id = any(${textArray(query.documentIds)}::uuid[])`);
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}
