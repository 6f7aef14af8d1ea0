import type { Passage } from "@ai-platform/core/access/retriever.ts";
import type { Citation } from "./agent.ts";
import type { Source } from "./sources.ts";

/**
 * Legal form of a citation, in the language of the text cited:
 * `Art. 39, loi n° 65-99 (Code du travail), dahir n° 1-03-194 du 11 septembre 2003`.
 * `undefined` where the passage is not from a law.
 */
export function legalCitation({ meta, language }: Passage): string | undefined {
  if (!meta.law) return undefined;
  const arabic = language === "ar";
  const article = meta.article && (arabic ? `المادة ${meta.article}` : `Art. ${meta.article}`);
  const number = arabic ? `القانون رقم ${meta.law.replace("-", ".")}` : `loi n° ${meta.law}`;
  const law = meta.lawTitle ? `${number} (${meta.lawTitle})` : number;
  return [article, law, meta.promulgation].filter(Boolean).join(arabic ? "، " : ", ");
}

/** A citation as the caller gets it. */
export function toCitation({ id, passage }: Source, quote: string): Citation {
  const citation = legalCitation(passage);
  return {
    id,
    documentId: passage.documentId,
    chunkId: passage.chunkId,
    title: passage.title,
    source: passage.source,
    page: passage.pageFrom,
    heading: passage.headingPath.join(" › "),
    language: passage.language,
    quote,
    ...(citation === undefined ? {} : { citation }),
  };
}
