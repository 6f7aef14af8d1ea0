/** One rule taken out of the rights decision: `code` in `file` becomes `instead`. */
export interface Mutation {
  readonly name: string;
  /** Relative to the repository. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly code: string;
  readonly instead: string;
  /** Test files that must notice, in `test/services/core/access`. */
  readonly tests: readonly string[];
}

const core = "services/core/src";

/** Mutations of one file: `instead` is nothing where it is not given. */
const without = (
  file: string,
  tests: readonly string[],
  codes: readonly (readonly [name: string, code: string, instead?: string])[],
): Mutation[] => codes.map(([name, code, instead = ""]) => ({ name, file: `${core}/${file}`, code, instead, tests }));

/** What is sent, looked at request by request. */
const requests = ["qdrant-requests.test.ts"];
/** What is found, read and listed, against the oracle. */
const results = ["properties.test.ts", "retriever.test.ts"];

/** Every clause of the filter, its translation for both indexes, and every condition of the post-check. */
export const mutations: readonly Mutation[] = [
  ...without("access/filter.ts", requests, [
    ["filter: nobody without principals", "if (caller.principals.length === 0) return undefined;"],
    ["filter: tenant", '{ field: "tenant", is: caller.tenant },'],
    ["filter: level", '{ field: "level", atMost: caller.clearance },'],
    ["filter: allow", '{ field: "allow", anyOf: caller.principals },'],
    ["filter: deny", '{ field: "deny", noneOf: caller.principals },'],
  ]),
  ...without("access/readable.ts", results, [
    ["post-check: nobody without principals", "if (principals.length === 0) return sql`false`;"],
    ["post-check: tenant", "eq(documents.tenant, tenant),"],
    ["post-check: not deleted", "isNull(documents.deletedAt),"],
    ["post-check: published", "isNotNull(documents.liveVersion),"],
    ["post-check: level", "lte(documentAcl.level, clearance),"],
    ["post-check: allow", "arrayOverlaps(documentAcl.allow, [...principals]),"],
    ["post-check: deny", "not(arrayOverlaps(documentAcl.deny, [...principals])),"],
  ]),
  ...without("access/post-check.ts", results, [
    ["post-check: live version", "eq(documents.liveVersion, chunks.version)"],
    ["post-check: rights at all", ".where(and(asked, readableBy(rights)))", ".where(asked)"],
  ]),
  ...without("access/create-retriever.ts", results, [
    ["search: post-check", "readable.get(hit.chunkId) ?? []", "readable.get(hit.chunkId) ?? [hit as never]"],
    [
      "read: same answer for none and not allowed",
      "and(eq(documents.id, documentId), readableBy(caller))",
      "eq(documents.id, documentId)",
    ],
    ["list: rights", ".where(readableBy(caller))"],
    ["list: page start among readable documents", "from readable where id", "from documents where id"],
  ]),
  ...without("vector/sql.ts", results, [
    ["pgvector: tenant", "sql`tenant = ${clause.is}`", "sql`true`"],
    ["pgvector: level", "sql`level <= ${clause.atMost}`", "sql`true`"],
    ["pgvector: allow", "sql`allow && ${textArray(clause.anyOf)}`", "sql`true`"],
    ["pgvector: deny", "sql`not (deny && ${textArray(clause.noneOf)})`", "sql`true`"],
  ]),
  ...without("vector/pgvector-search.ts", results, [
    ["pgvector: lexical search filtered", "from terms) and ${searched}", "from terms)"],
    ["pgvector: dense search filtered", "where ${searched} and", "where true and"],
  ]),
  ...without("vector/qdrant-query.ts", requests, [
    ["qdrant: tenant", '{ must: [{ key: "tenant", match: { value: clause.is } }] }', "{}"],
    ["qdrant: level", '{ must: [{ key: "level", range: { lte: clause.atMost } }] }', "{}"],
    ["qdrant: allow", '{ must: [{ key: "allow", match: { any: [...clause.anyOf] } }] }', "{}"],
    ["qdrant: deny", '{ must_not: [{ key: "deny", match: { any: [...clause.noneOf] } }] }', "{}"],
    ["qdrant: lexical prefetch filtered", "filter: searched,\n    params: { idf", "params: { idf"],
    ["qdrant: dense prefetch filtered", "filter: searched,\n            ...(query.exact", "...(query.exact"],
    ["qdrant: outer query filtered", "filter: searched,\n    limit: query.limit", "limit: query.limit"],
    ["qdrant: rarity among readable chunks", "params: { idf: { corpus: access } },"],
  ]),
];
