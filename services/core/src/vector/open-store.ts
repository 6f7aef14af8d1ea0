import type { Database } from "../db/database.ts";
import { createPgvectorStore } from "./pgvector-store.ts";
import { createQdrantStore, type QdrantAddress } from "./qdrant-store.ts";
import type { VectorStore, VectorStoreOptions } from "./store.ts";

export interface OpenVectorStoreOptions extends VectorStoreOptions, Partial<QdrantAddress> {
  readonly database: Database;
}

/** Qdrant where its address is given, else the platform's own Postgres. Call `prepare()` before anything else. */
export function openVectorStore({ database, qdrantUrl, ...options }: OpenVectorStoreOptions): VectorStore {
  if (qdrantUrl === undefined) return createPgvectorStore(database.db, options);
  return createQdrantStore(database.db, { ...options, qdrantUrl });
}
