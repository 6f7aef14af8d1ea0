import { randomUUID } from "node:crypto";
import type { Database } from "@ai-platform/core/db/database.ts";
import { openVectorStore } from "@ai-platform/core/vector/open-store.ts";
import type { IndexedChunk, VectorStore } from "@ai-platform/core/vector/store.ts";

/** A Qdrant server for tests, where `QDRANT_URL` names one. */
export const qdrantUrl = process.env.QDRANT_URL;

const apiKeyHeader: Record<string, string> = process.env.QDRANT_API_KEY
  ? { "api-key": process.env.QDRANT_API_KEY }
  : {};

/** Which adapters a suite runs on; says so once where Qdrant is left out. */
export function testedStores(): ("pgvector" | "qdrant")[] {
  if (qdrantUrl) return ["pgvector", "qdrant"];
  console.info("Qdrant: skipped, QDRANT_URL is not set");
  return ["pgvector"];
}

/**
 * Whether word statistics are counted over readable chunks alone. Qdrant does so since 1.19; of an older one only dense
 * search can be held to P6, and that is said.
 */
export async function countsWordsByRights(kind: "pgvector" | "qdrant"): Promise<boolean> {
  if (kind === "pgvector" || !qdrantUrl) return true;
  const { version } = (await (await fetch(qdrantUrl)).json()) as { version: string };
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const counts = major > 1 || minor >= 19;
  if (!counts) console.info(`Qdrant ${version}: P6 is tried on dense search alone, lexical search needs 1.19`);
  return counts;
}

/** A prepared store; on Qdrant in a collection of its own, unless one is named, which `close` removes. */
export async function openTestStore(
  kind: "pgvector" | "qdrant",
  database: Database,
  dimensions?: number,
  qdrantCollection = `test-${randomUUID()}`,
): Promise<VectorStore> {
  const store = openVectorStore({
    database,
    ...(dimensions === undefined ? {} : { dimensions, model: "test-embedder" }),
    ...(kind === "qdrant" && qdrantUrl
      ? {
          qdrantUrl,
          qdrantCollection,
          ...(process.env.QDRANT_API_KEY ? { qdrantApiKey: process.env.QDRANT_API_KEY } : {}),
        }
      : {}),
  });
  await store.prepare();
  if (kind !== "qdrant" || !qdrantUrl) return store;
  const address = new URL(`/collections/${qdrantCollection}`, qdrantUrl);
  return { ...store, close: () => removeCollection(address) };
}

async function removeCollection(address: URL): Promise<void> {
  await fetch(address, { method: "DELETE", headers: apiKeyHeader });
}

/** A chunk that everybody in tenant `acme` may read, with what the test changes. */
export function testChunk(changes: Partial<IndexedChunk> = {}): IndexedChunk {
  return {
    id: randomUUID(),
    documentId: randomUUID(),
    documentVersion: 1,
    collection: "hr",
    language: "fr",
    text: "Le préavis est de trois mois pour les cadres.",
    tenant: "acme",
    allow: ["tenant:all"],
    deny: [],
    level: 0,
    aclVersion: 1,
    ...changes,
  };
}
