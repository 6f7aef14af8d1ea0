import { z } from "zod";
import type { Embedder } from "@ai-platform/core/models/embedder.ts";

/** Address of a Postgres server. */
export const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: "must be an address such as postgres://user@host/db",
});
const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http or https address" });

/** What ingestion works with, from the environment. Secrets may come as `X_FILE`. */
export const settingsSchema = z.object({
  /** @default the embedded database in the data folder */
  DATABASE_URL: postgresUrl.optional(),
  /** @default the search index in Postgres */
  QDRANT_URL: httpUrl.optional(),
  QDRANT_API_KEY: z.string().optional(),
  /** Embedding server: TEI or any with `/v1/embeddings`. @default none: search by words alone */
  EMBEDDINGS_BASE_URL: httpUrl.optional(),
  EMBEDDINGS_API_KEY: z.string().optional(),
  /** @default BAAI/bge-m3 */
  EMBEDDINGS_MODEL: z.string().default("BAAI/bge-m3"),
  /** Length of its vectors. @default 1024 */
  EMBEDDINGS_DIMENSIONS: z.coerce.number("must be a whole number from 1 to 4096").int().min(1).max(4096).default(1024),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});
export type Settings = z.infer<typeof settingsSchema>;

/** The embedding server of the settings, or `undefined` where none is set. */
export async function openEmbedder(settings: Settings): Promise<Embedder | undefined> {
  const { EMBEDDINGS_BASE_URL: baseUrl, EMBEDDINGS_API_KEY: apiKey } = settings;
  if (baseUrl === undefined) return undefined;
  const { createEmbedder } = await import("@ai-platform/core/models/open-ai-embedder.ts");
  return createEmbedder({
    baseUrl,
    ...(apiKey === undefined ? {} : { apiKey }),
    model: settings.EMBEDDINGS_MODEL,
    dimensions: settings.EMBEDDINGS_DIMENSIONS,
  });
}
