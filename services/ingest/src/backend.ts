import type { Database } from "@ai-platform/core/db/database.ts";
import type { Embedder } from "@ai-platform/core/models/embedder.ts";
import { openVectorStore } from "@ai-platform/core/vector/open-store.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { openEmbedder, type Settings } from "./settings.ts";

/** What a worker writes to. */
export interface Backend {
  readonly database: Database;
  readonly store: VectorStore;
  readonly embedder?: Embedder;
  readonly close: () => Promise<void>;
}

/** Prepares the search index on an open database and connects the embedding server. Closes the database on failure. */
export async function openBackend(database: Database, settings: Settings): Promise<Backend> {
  const { QDRANT_URL: qdrantUrl, QDRANT_API_KEY: qdrantApiKey } = settings;
  try {
    const embedder = await openEmbedder(settings);
    const store = openVectorStore({
      database,
      ...(embedder ? { dimensions: embedder.dimensions, model: embedder.model } : {}),
      ...(qdrantUrl === undefined ? {} : { qdrantUrl }),
      ...(qdrantApiKey === undefined ? {} : { qdrantApiKey }),
    });
    await store.prepare();
    return {
      database,
      store,
      ...(embedder ? { embedder } : {}),
      async close() {
        await store.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
