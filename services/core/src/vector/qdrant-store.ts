import { QdrantClient } from "@qdrant/js-client-rest";
import type { VersionedAcl } from "../access/model.ts";
import type { Db } from "../db/database.ts";
import { Problem } from "../errors.ts";
import { claimIndexModel } from "./index-model.ts";
import { prepareCollection } from "./qdrant-collection.ts";
import { chunkVectors, queryBody } from "./qdrant-query.ts";
import type { IndexedChunk, VectorHit, VectorStore, VectorStoreOptions } from "./store.ts";

export interface QdrantAddress {
  readonly qdrantUrl: string;
  /** Read-only for the API, writing for ingest. */
  readonly qdrantApiKey?: string;
  /** @default "chunks" */
  readonly qdrantCollection?: string;
}

const upsertBatch = 128;
const timeoutMs = 30_000;

/** The search index in a Qdrant server. Postgres only remembers which model made its vectors. */
export function createQdrantStore(db: Db, options: VectorStoreOptions & QdrantAddress): VectorStore {
  const { qdrantUrl, qdrantApiKey, qdrantCollection: collection = "chunks", dimensions, model = "unnamed" } = options;
  const client = new QdrantClient({
    url: qdrantUrl,
    port: Number(new URL(qdrantUrl).port) || 6333,
    timeout: timeoutMs,
    checkCompatibility: false,
    // Compressed, Qdrant sends a small answer in several writes, and Nagle's algorithm holds each back for 40 ms.
    headers: { "accept-encoding": "identity" },
    ...(qdrantApiKey === undefined ? {} : { apiKey: qdrantApiKey }),
  });
  const ofDocument = (documentId: string) => ({ key: "document_id", match: { value: documentId } });

  return {
    kind: "qdrant",

    prepare: () =>
      answering(async () => {
        if (dimensions !== undefined) await claimIndexModel(db, `qdrant:${collection}`, { model, dimensions });
        await prepareCollection(client, collection, dimensions);
      }),

    upsert: (chunks) =>
      answering(async () => {
        for (let start = 0; start < chunks.length; start += upsertBatch) {
          await upsertChunks(client, collection, chunks.slice(start, start + upsertBatch));
        }
      }),

    search: (filter, query) =>
      answering(async () => {
        const body = queryBody(filter, query, dimensions !== undefined);
        if (!body) return [];
        const { points } = await client.query(collection, body);
        return points.map(toHit);
      }),

    setAcl: (documentId, acl) =>
      answering(async () => {
        const older = { key: "acl_version", range: { lt: acl.aclVersion } };
        const filter = { must: [ofDocument(documentId), older] };
        await client.setPayload(collection, { payload: aclPayload(acl), filter, wait: true });
      }),

    remove: (documentId, beforeVersion) =>
      answering(async () => {
        const old = beforeVersion === undefined ? [] : [{ key: "document_version", range: { lt: beforeVersion } }];
        await client.delete(collection, { filter: { must: [ofDocument(documentId), ...old] }, wait: true });
      }),

    removeChunks: (ids) =>
      answering(async () => {
        if (ids.length > 0) await client.delete(collection, { points: [...ids], wait: true });
      }),

    list: (after, limit = 1_000) =>
      answering(async () => {
        const { points } = await client.scroll(collection, {
          // Qdrant's offset is the first point of the page, the port's the last of the page before.
          ...(after === undefined ? {} : { offset: after }),
          limit: limit + 1,
          with_payload: ["document_id", "document_version"],
        });
        return points
          .map(toHit)
          .filter((hit) => hit.chunkId !== after)
          .slice(0, limit);
      }),

    ping: () =>
      answering(async () => {
        await client.collectionExists(collection);
      }),

    close: async () => undefined,
  };
}

async function upsertChunks(client: QdrantClient, collection: string, chunks: readonly IndexedChunk[]): Promise<void> {
  // Points of one request share the condition, so each version of the rights is written by itself.
  for (const [aclVersion, points] of Map.groupBy(chunks, (chunk) => chunk.aclVersion)) {
    await client.upsert(collection, {
      wait: true,
      points: points.map((chunk) => ({
        id: chunk.id,
        vector: chunkVectors(chunk),
        payload: {
          document_id: chunk.documentId,
          document_version: chunk.documentVersion,
          collection: chunk.collection,
          ...aclPayload(chunk),
        },
      })),
      // A late worker does not put old rights over newer ones.
      update_filter: { must: [{ key: "acl_version", range: { lte: aclVersion } }] },
    });
  }
}

function aclPayload({ tenant, allow, deny, level, aclVersion }: VersionedAcl): Record<string, unknown> {
  return { tenant, allow, deny, level, acl_version: aclVersion };
}

function toHit(point: { id: string | number; payload?: Record<string, unknown> | null | undefined }): VectorHit {
  return {
    chunkId: String(point.id),
    documentId: String(point.payload?.document_id),
    documentVersion: Number(point.payload?.document_version),
  };
}

/** Whatever the client throws, the caller hears that the search index does not answer. */
async function answering<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem("unavailable", "The search index does not answer.", { cause });
  }
}
