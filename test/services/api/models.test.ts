import { expect, it } from "vitest";
import { apiEnvSchema } from "@ai-platform/api/env.ts";
import { openModels } from "@ai-platform/api/models.ts";
import { createLogger } from "@ai-platform/core/logger.ts";

it("knows what tokens cost behind the gateway too", async () => {
  const env = apiEnvSchema.parse({
    DATABASE_URL: "postgresql://localhost/platform",
    PUBLIC_URL: "https://ai.test",
    SIGNING_KEYS_FILE: "keys.json",
    OPENAI_BASE_URL: "http://gateway:4000/v1",
    OPENAI_API_KEY: "sk-gateway",
    OPENAI_PROMPT_PRICE: "0.5",
    OPENAI_COMPLETION_PRICE: "2",
    GATEWAY_USAGE_KEY: "a key of sixteen characters",
  });
  const models = await openModels(env, createLogger({ service: "test", level: "silent" }));
  expect(models.current()?.price).toEqual({ prompt: 0.5 / 1e6, completion: 2 / 1e6 });
  models.stop();
});
