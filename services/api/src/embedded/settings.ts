import { z } from "zod";
import { EnvError, parseEnv } from "@ai-platform/core/env.ts";
import { modelEnvSchema } from "@ai-platform/core/models/discovery.ts";
import type { Embedder } from "@ai-platform/core/models/embedder.ts";
import { StartError } from "./options.ts";

const settingsSchema = modelEnvSchema.extend({
  /** Embedding server: TEI or any with `/v1/embeddings`. @default none: search by words alone */
  EMBEDDINGS_BASE_URL: z.url({ protocol: /^https?$/, error: "must be an http or https address" }).optional(),
  EMBEDDINGS_API_KEY: z.string().optional(),
  /** @default BAAI/bge-m3 */
  EMBEDDINGS_MODEL: z.string().default("BAAI/bge-m3"),
  /** Length of its vectors. @default 1024 */
  EMBEDDINGS_DIMENSIONS: z.coerce.number("must be a whole number from 1 to 4096").int().min(1).max(4096).default(1024),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
});
export type Settings = z.infer<typeof settingsSchema>;

/** Settings of the embedded platform from the environment. Throws a StartError that names each wrong variable. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  try {
    return parseEnv(settingsSchema, env);
  } catch (error) {
    if (error instanceof EnvError) throw new StartError(error.message.replaceAll("\n", "; "), { cause: error });
    throw error;
  }
}

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
