import { z } from "zod";
import { openPostgres, type Database } from "./db/database.ts";
import type { Embedder } from "./models/embedder.ts";
import { embedderEnvSchema, openEmbedder } from "./models/embedder-env.ts";
import { openVectorStore } from "./vector/open-store.ts";
import type { VectorStore } from "./vector/store.ts";

/** Address of a Postgres server. */
export const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: "must be a postgres:// address" });

/** Settings both services share. Each can be given as a file with `_FILE`; see `parseEnv`. */
export const connectionEnvSchema = embedderEnvSchema.extend({
  DATABASE_URL: postgresUrl,
  /** @default the search index is kept in Postgres */
  QDRANT_URL: z.url({ protocol: /^https?$/, error: "must be an http or https address" }).optional(),
  QDRANT_API_KEY: z.string().optional(),
  /** Tenant of this deployment. @default "default" */
  TENANT: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, "must be 1 to 64 of a-z, 0-9 and -")
    .default("default"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
});
export type ConnectionEnv = z.infer<typeof connectionEnvSchema>;

export interface Connections {
  readonly database: Database;
  readonly store: VectorStore;
  readonly embedder?: Embedder;
  /** Closes store and database. */
  readonly close: () => Promise<void>;
}

/** Opens what a deployed service works with, with its tables, collections and indexes in place. */
export async function openConnections(env: ConnectionEnv): Promise<Connections> {
  return connectStores(await openPostgres(env.DATABASE_URL), env);
}

/** Prepares the search index beside an open database and connects the embedding server. Closes the database on failure. */
export async function connectStores(
  database: Database,
  env: Omit<ConnectionEnv, "DATABASE_URL" | "TENANT" | "LOG_LEVEL">,
): Promise<Connections> {
  try {
    const embedder = await openEmbedder(env);
    const store = openVectorStore({
      database,
      ...(env.QDRANT_URL === undefined ? {} : { qdrantUrl: env.QDRANT_URL }),
      ...(env.QDRANT_API_KEY === undefined ? {} : { qdrantApiKey: env.QDRANT_API_KEY }),
      ...(embedder ? { dimensions: embedder.dimensions, model: embedder.model } : {}),
    });
    await store.prepare();
    const close = async () => {
      await store.close();
      await database.close();
    };
    return { database, store, close, ...(embedder ? { embedder } : {}) };
  } catch (error) {
    await database.close();
    throw error;
  }
}
