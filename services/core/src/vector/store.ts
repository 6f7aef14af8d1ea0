import type { VersionedAcl } from "../access/model.ts";
import type { AccessFilter } from "../access/filter.ts";

/** Languages with a stemmer of their own; `simple` is everything else. */
export const languages = ["fr", "ar", "en", "simple"] as const;
export type Language = (typeof languages)[number];

/** What the store holds of a chunk: what finds it and what guards it, and no more. */
export interface IndexedChunk extends VersionedAcl {
  readonly id: string;
  readonly documentId: string;
  readonly documentVersion: number;
  readonly collection: string;
  readonly language: Language;
  /** Heading path and text, as searched. */
  readonly text: string;
  /** Unit vector of {@link VectorStoreOptions.dimensions} numbers, where an embedder is configured. */
  readonly embedding?: readonly number[];
}

export interface VectorQuery {
  readonly text: string;
  readonly language: Language;
  readonly embedding?: readonly number[];
  /** Hits wanted after fusion. */
  readonly limit: number;
  /** Narrows what is searched; can never widen it. */
  readonly collections?: readonly string[];
  readonly documentIds?: readonly string[];
  /** Compare with every vector instead of the approximate index: for tests and small sets. @default false */
  readonly exact?: boolean;
}

/** A hit names a chunk and carries no score: scores tell about documents one cannot see. Best first. */
export interface VectorHit {
  readonly chunkId: string;
  readonly documentId: string;
  readonly documentVersion: number;
}

export interface VectorStoreOptions {
  /** Length of every vector; `undefined` for lexical search only. */
  readonly dimensions?: number;
  /** {@link Embedder.model} that makes the vectors; goes with `dimensions`. */
  readonly model?: string;
}

/**
 * Port to the search index. Written by ingest, read by the Retriever and by nothing else.
 * Every method is idempotent; every write waits until it is searchable.
 */
export interface VectorStore {
  readonly kind: "pgvector" | "qdrant";
  /** Creates what is missing: collections and payload indexes before any data. */
  prepare(): Promise<void>;
  upsert(chunks: readonly IndexedChunk[]): Promise<void>;
  search(filter: AccessFilter, query: VectorQuery): Promise<VectorHit[]>;
  /** Copies a document's rights to its chunks; an older `aclVersion` than the stored one changes nothing. */
  setAcl(documentId: string, acl: VersionedAcl): Promise<void>;
  /**
   * Removes a document's chunks: those of versions below `beforeVersion`, or all of them.
   * Below and not "all but one": a worker that woke up late must not remove what a newer one has indexed.
   */
  remove(documentId: string, beforeVersion?: number): Promise<void>;
  /** Removes single chunks by id: what a failed version or a late worker left behind. */
  removeChunks(ids: readonly string[]): Promise<void>;
  /** Chunk ids with their document and version, in pages: for sweeps and tests. */
  list(after?: string, limit?: number): Promise<VectorHit[]>;
  /** Throws a Problem `unavailable` when the store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
