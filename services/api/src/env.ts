import { z } from "zod";
import { connectionEnvSchema } from "@ai-platform/core/connections.ts";
import { envSwitch } from "@ai-platform/core/env.ts";
import { modelEnvSchema } from "@ai-platform/core/models/discovery.ts";
import { modelRoles, modelRoleSchema } from "@ai-platform/core/models/model-client.ts";

const list = z.string().transform((value) =>
  value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);

/** Settings of a deployed API. Each can be given as a file with `_FILE`, as secrets are. */
export const apiEnvSchema = z
  .object({
    ...connectionEnvSchema.shape,
    ...modelEnvSchema.shape,
    /** @default 0.0.0.0, which inside a container is its own network only */
    HOST: z.string().default("0.0.0.0"),
    PORT: z.coerce.number().int().min(0).max(65_535).default(8888),
    /** Address people and services reach the platform at; issuer of its tokens. */
    PUBLIC_URL: z.url({ protocol: /^https?$/, error: "must be an http or https address" }),
    /** Part of new API keys. @default "prod" */
    ENVIRONMENT: z
      .string()
      .regex(/^[a-z0-9]{1,16}$/, "must be 1 to 16 of a-z and 0-9")
      .default("prod"),
    /** Whether people may sign in with a password. @default false */
    PASSWORD_GRANT: envSwitch.default(false),
    /** Addresses or CIDRs of the edge, or `loopback`, `linklocal`, `uniquelocal`. @default none */
    TRUSTED_PROXIES: list.default([]),
    /** Path of the keys that sign tokens: a JWK set or PEM blocks. All replicas need the same. */
    SIGNING_KEYS_FILE: z.string(),
    /** Counts rates across replicas. @default each replica counts for itself */
    REDIS_URL: z.url({ protocol: /^rediss?$/, error: "must be a redis:// address" }).optional(),
    /** Proves that usage rows come from the model gateway. Set, `OPENAI_BASE_URL` is that gateway. */
    GATEWAY_USAGE_KEY: z.string().min(16).optional(),
    /** Model roles the gateway serves, comma-separated: those agents use, and others such as `embedding`. @default chat roles */
    MODEL_ROLES: list.pipe(z.array(modelRoleSchema).min(1)).default([...modelRoles]),
    /** Password of the first administrator `admin`, made where there is no user yet. */
    ADMIN_PASSWORD: z.string().optional(),
    /** Seconds between failing `/ready` and closing, for the edge to notice. @default 3 */
    SHUTDOWN_DELAY_SECONDS: z.coerce.number().min(0).max(60).default(3),
  })
  .superRefine((env, context) => {
    if (env.GATEWAY_USAGE_KEY === undefined || (env.OPENAI_BASE_URL && env.OPENAI_API_KEY)) return;
    const message = "GATEWAY_USAGE_KEY needs OPENAI_BASE_URL and OPENAI_API_KEY of the gateway beside it";
    context.addIssue({ code: "custom", path: ["OPENAI_BASE_URL"], message });
  });
export type ApiEnv = z.infer<typeof apiEnvSchema>;
