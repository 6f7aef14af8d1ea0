import { z } from "zod";
import { EnvError, parseEnv } from "@ai-platform/core/env.ts";
import { modelEnvSchema } from "@ai-platform/core/models/discovery.ts";
import { embedderEnvSchema } from "@ai-platform/core/models/embedder-env.ts";
import { StartError } from "./options.ts";

const settingsSchema = modelEnvSchema.extend({
  ...embedderEnvSchema.shape,
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
