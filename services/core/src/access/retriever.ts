import type { VerifiedCaller } from "../identity/caller.ts";
import type { Language } from "../vector/store.ts";

/** Facts about a chunk that a citation needs beyond its place in the document. */
export interface ChunkMeta {
  /** Law number such as `65-99`, for legal texts. */
  readonly law?: string;
  readonly lawTitle?: string;
  /** Article number such as `39` or `62 bis`. */
  readonly article?: string;
  /** Promulgating text, as cited: `dahir n° 1-03-194 du 11 septembre 2003`. */
  readonly promulgation?: string;
  /** ISO dates. */
  readonly inForceFrom?: string;
  readonly inForceTo?: string;
  /** Issue of the Bulletin officiel. */
  readonly gazette?: string;
}

/** A chunk that passed both stages of the rights check. */
export interface Passage {
  readonly chunkId: string;
  readonly documentId: string;
  readonly documentVersion: number;
  readonly aclVersion: number;
  readonly level: number;
  readonly ordinal: number;
  readonly title: string;
  readonly source: string;
  readonly collection: string;
  readonly headingPath: readonly string[];
  readonly text: string;
  readonly pageFrom: number | null;
  readonly pageTo: number | null;
  readonly language: Language;
  readonly meta: ChunkMeta;
}

export interface SearchRequest {
  readonly query: string;
  /** Narrows the search; can never widen it. */
  readonly collections?: readonly string[];
  readonly documentIds?: readonly string[];
  /** @default 8 */
  readonly limit?: number;
  /** Language of the query. @default detected */
  readonly language?: Language;
  readonly exact?: boolean;
}

/** What an answer records about the rights it was computed with. */
export interface RightsRecord {
  readonly principalsHash: string;
  readonly filterHash: string;
  /** Hits the second stage refused: stale index entries, or revocations the index had not seen. */
  readonly dropped: number;
}

export interface SearchResult {
  readonly passages: readonly Passage[];
  readonly rights: RightsRecord;
  /** Set where the embedding server failed and words alone were searched. */
  readonly degraded?: "lexical-only";
}

/** A document as listed to somebody who may read it. */
export interface ReadableDocument {
  readonly id: string;
  readonly title: string;
  readonly collection: string;
  readonly department: string;
  readonly source: string;
  readonly language: string;
  readonly level: number;
  readonly updatedAt: Date;
}

/**
 * The only way to document text. Stage one filters in the vector store, stage two checks each hit in Postgres,
 * so that a revocation holds from its commit on.
 */
export interface Retriever {
  search(caller: VerifiedCaller, request: SearchRequest, signal?: AbortSignal): Promise<SearchResult>;
  /** Chunks of one document in order. Throws `not-found` alike for "none" and "not allowed". */
  read(
    caller: VerifiedCaller,
    documentId: string,
    range?: { readonly from?: number; readonly limit?: number },
  ): Promise<readonly Passage[]>;
  /** Documents the caller may read, by title. */
  list(
    caller: VerifiedCaller,
    page?: { readonly after?: string; readonly limit?: number },
  ): Promise<readonly ReadableDocument[]>;
}
