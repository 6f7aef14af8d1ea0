import { setTimeout as sleep } from "node:timers/promises";
import { createRetriever } from "@ai-platform/core/access/create-retriever.ts";
import { openConnections } from "@ai-platform/core/connections.ts";
import { EnvError, parseEnv } from "@ai-platform/core/env.ts";
import { createAuthorizer } from "@ai-platform/core/gateway/authorizer.ts";
import { createCallerVerifier } from "@ai-platform/core/identity/caller-verifier.ts";
import { createFirstAdmin } from "@ai-platform/core/identity/first-admin.ts";
import { openSigningKeys } from "@ai-platform/core/identity/signing-keys.ts";
import { createTokenIssuer } from "@ai-platform/core/identity/token-issuer.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import { openRedis } from "@ai-platform/core/redis.ts";
import { stopOnSignals } from "@ai-platform/core/shutdown.ts";
import { createApp } from "./app.ts";
import { apiEnvSchema, type ApiEnv } from "./env.ts";
import { openModels } from "./models.ts";

/** Starts the deployed API: settings, clients, application, signals. */
async function main(env: ApiEnv): Promise<void> {
  const logger = createLogger({ service: "api", level: env.LOG_LEVEL });
  const [connections, keys, models] = await Promise.all([
    openConnections(env),
    openSigningKeys(env.SIGNING_KEYS_FILE),
    openModels(env, logger),
  ]);
  const { database, store, embedder } = connections;
  const { db } = database;
  const redis = env.REDIS_URL === undefined ? undefined : openRedis(env.REDIS_URL, logger);
  if (env.ADMIN_PASSWORD !== undefined && (await createFirstAdmin(db, env.TENANT, env.ADMIN_PASSWORD))) {
    logger.info("first administrator made: admin");
  }

  const identity = { db, keys, issuer: env.PUBLIC_URL, audience: "ai-platform-api" };
  const verifier = createCallerVerifier(identity);
  let stopping = false;
  const app = await createApp({
    database,
    logger,
    keys,
    store,
    models,
    verifier,
    tokens: createTokenIssuer(identity),
    retriever: createRetriever({ db, store, logger, ...(embedder ? { embedder } : {}) }),
    config: {
      tenant: env.TENANT,
      environment: env.ENVIRONMENT,
      passwordGrant: env.PASSWORD_GRANT,
      trustedProxies: env.TRUSTED_PROXIES,
    },
    ...(redis ? { redis } : {}),
    ...(env.GATEWAY_USAGE_KEY === undefined
      ? {}
      : {
          gateway: {
            usageKey: env.GATEWAY_USAGE_KEY,
            authorizer: createAuthorizer({ db, verifier, servedModels: env.MODEL_ROLES, ...(redis ? { redis } : {}) }),
          },
        }),
    isStopping: () => stopping,
  });
  stopOnSignals({
    logger,
    steps: [
      {
        name: "readiness",
        run: async () => {
          stopping = true;
          await sleep(env.SHUTDOWN_DELAY_SECONDS * 1000);
        },
      },
      { name: "requests", run: () => app.close() },
      { name: "models", run: () => models.stop() },
      { name: "redis", run: () => redis?.quit() },
      { name: "connections", run: () => connections.close() },
      { name: "log", run: () => logger.flush() },
    ],
  });
  const address = await app.listen({ host: env.HOST, port: env.PORT });
  logger.info({ address, database: database.description, index: store.kind }, "ready");
}

try {
  await main(parseEnv(apiEnvSchema, process.env));
} catch (error) {
  if (error instanceof EnvError) console.error(error.message.replaceAll(/^/gm, "api: "));
  else console.error(error);
  process.exitCode = 1;
}
