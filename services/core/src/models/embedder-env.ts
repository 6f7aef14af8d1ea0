import { z } from "zod";
import type { Embedder } from "./embedder.ts";

/** Settings of the embedding server. */
export const embedderEnvSchema = z.object({
  /** Embedding server: TEI or any with `/v1/embeddings`. @default none: search by words alone */
  EMBEDDINGS_BASE_URL: z.url({ protocol: /^https?$/, error: "must be an http or https address" }).optional(),
  EMBEDDINGS_API_KEY: z.string().optional(),
  /** @default BAAI/bge-m3 */
  EMBEDDINGS_MODEL: z.string().default("BAAI/bge-m3"),
  /** Length of its vectors. @default 1024 */
  EMBEDDINGS_DIMENSIONS: z.coerce.number().int().min(1).max(4096).default(1024),
});
export type EmbedderEnv = z.infer<typeof embedderEnvSchema>;

/** The embedding server of the settings, or `undefined` where none is set. */
export async function openEmbedder(env: EmbedderEnv): Promise<Embedder | undefined> {
  const { EMBEDDINGS_BASE_URL: baseUrl, EMBEDDINGS_API_KEY: apiKey } = env;
  if (baseUrl === undefined) return undefined;
  const { createEmbedder } = await import("./open-ai-embedder.ts");
  return createEmbedder({
    baseUrl,
    ...(apiKey === undefined ? {} : { apiKey }),
    model: env.EMBEDDINGS_MODEL,
    dimensions: env.EMBEDDINGS_DIMENSIONS,
  });
}
