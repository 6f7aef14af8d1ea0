import { z } from "zod";
import { connectionEnvSchema, postgresUrl } from "@ai-platform/core/connections.ts";

/** What the ingest command works with, from the environment. Secrets may come as `X_FILE`. */
export const settingsSchema = connectionEnvSchema.omit({ TENANT: true }).extend({
  /** @default the embedded database in the data folder */
  DATABASE_URL: postgresUrl.optional(),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});
export type Settings = z.infer<typeof settingsSchema>;
