import type { Schemas } from "@qdrant/js-client-rest";
import type { AccessClause, AccessFilter } from "../access/filter.ts";
import { foldText, queryWords } from "./fold.ts";
import { languages, type IndexedChunk, type Language, type VectorQuery } from "./store.ts";

/** Qdrant's names of the languages; `none` is neither stemmed nor freed of stop words. */
const bm25Languages = { fr: "french", ar: "arabic", en: "english", simple: "none" } as const;

export const denseVector = "dense";
/** One sparse vector per language, so that word statistics are counted within a language. */
export const sparseVector = (language: Language) => `bm25-${language}`;
export const sparseVectors = languages.map(sparseVector);

/**
 * Text that Qdrant itself turns into a BM25 vector. Left to itself it would take every text for English.
 * @param stopWords language whose function words are left out. @default the text's
 */
function bm25(text: string, language: Language, stopWords = language): Schemas["Document"] {
  const left = stopWords === language || stopWords === "simple" ? {} : { stopwords: bm25Languages[stopWords] };
  return { model: "qdrant/bm25", text, options: { language: bm25Languages[language], ...left } };
}

/** A chunk's vectors: its words in its own language, and unstemmed for questions in another one. */
export function chunkVectors(chunk: IndexedChunk): Record<string, Schemas["Vector"]> {
  const folded = foldText(chunk.text);
  return {
    [sparseVector("simple")]: bm25(folded, "simple"),
    ...(chunk.language === "simple" ? {} : { [sparseVector(chunk.language)]: bm25(folded, chunk.language) }),
    ...(chunk.embedding ? { [denseVector]: [...chunk.embedding] } : {}),
  };
}

/** One access clause as Qdrant conditions. */
function clauseConditions(clause: AccessClause): Pick<Schemas["Filter"], "must" | "must_not"> {
  switch (clause.field) {
    case "tenant":
      return { must: [{ key: "tenant", match: { value: clause.is } }] };
    case "level":
      return { must: [{ key: "level", range: { lte: clause.atMost } }] };
    case "allow":
      return { must: [{ key: "allow", match: { any: [...clause.anyOf] } }] };
    case "deny":
      return { must_not: [{ key: "deny", match: { any: [...clause.noneOf] } }] };
  }
}

type Condition = Schemas["Condition"];

/** The access clauses in their one canonical form: what every search carries, whatever else it asks for. */
export function accessConditions(filter: AccessFilter): { must: Condition[]; must_not: Condition[] } {
  const parts = filter.clauses.map(clauseConditions);
  return {
    must: parts.flatMap((part) => (part.must ?? []) as Condition[]),
    must_not: parts.flatMap((part) => (part.must_not ?? []) as Condition[]),
  };
}

/**
 * Body of `/points/query`: the rights in every prefetch and in the outer query, reciprocal rank fusion of the searches.
 * Rarity of words is counted over the chunks the rights let through, so that the order tells nothing about the others:
 * since Qdrant 1.19; an older one ignores `idf` and counts over the whole collection.
 * @param dense whether the collection holds dense vectors
 */
export function queryBody(
  filter: AccessFilter,
  query: VectorQuery,
  dense: boolean,
): Schemas["QueryRequest"] | undefined {
  const access = accessConditions(filter);
  const searched: Schemas["Filter"] = {
    must: [
      ...access.must,
      ...(query.collections ? [{ key: "collection", match: { any: [...query.collections] } }] : []),
      ...(query.documentIds ? [{ key: "document_id", match: { any: [...query.documentIds] } }] : []),
    ],
    must_not: access.must_not,
  };
  const limit = query.limit * 3;
  const words = queryWords(query.text).join(" ");
  const searchedLanguages: readonly Language[] = query.language === "simple" ? languages : [query.language, "simple"];
  const lexical = (words === "" ? [] : searchedLanguages).map((language) => ({
    query: bm25(words, language, language === "simple" ? query.language : language),
    using: sparseVector(language),
    filter: searched,
    params: { idf: { corpus: access } },
    limit,
  }));
  const embedded =
    query.embedding && dense
      ? [
          {
            query: [...query.embedding],
            using: denseVector,
            filter: searched,
            ...(query.exact ? { params: { exact: true } } : {}),
            limit,
          },
        ]
      : [];
  const prefetch = [...lexical, ...embedded];
  if (prefetch.length === 0) return undefined;
  return {
    prefetch,
    query: { rrf: { k: 60 } },
    filter: searched,
    limit: query.limit,
    with_payload: ["document_id", "document_version"],
  };
}
