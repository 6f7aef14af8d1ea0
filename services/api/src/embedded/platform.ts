import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isNotNull } from "drizzle-orm";
import { createAclSync } from "@ai-platform/core/access/acl-sync.ts";
import { createRetriever } from "@ai-platform/core/access/create-retriever.ts";
import { claimDataFolder, embeddedTenant } from "@ai-platform/core/db/data-folder.ts";
import { openEmbedded } from "@ai-platform/core/db/database.ts";
import { documents } from "@ai-platform/core/db/schema/index.ts";
import { createCallerVerifier } from "@ai-platform/core/identity/caller-verifier.ts";
import { openSigningKeys } from "@ai-platform/core/identity/signing-keys.ts";
import { createTokenIssuer } from "@ai-platform/core/identity/token-issuer.ts";
import { createLogger, type Logger } from "@ai-platform/core/logger.ts";
import type { ShutdownStep } from "@ai-platform/core/shutdown.ts";
import { openEmbedder } from "@ai-platform/core/models/embedder-env.ts";
import { watchModelEndpoint } from "@ai-platform/core/models/discovery.ts";
import { openVectorStore } from "@ai-platform/core/vector/open-store.ts";
import { answerIngestCalls } from "@ai-platform/ingest/local-ingest.ts";
import { createIngestWorker } from "@ai-platform/ingest/worker.ts";
import { createApp } from "../app.ts";
import { createDemo, type DemoPassword } from "./demo.ts";
import type { StartOptions } from "./options.ts";
import { answerPasswordCalls } from "./passwords.ts";
import { checkPort, toPortError } from "./port.ts";
import { submitSample } from "./sample.ts";
import type { Settings } from "./settings.ts";

/** Who issues the tokens and for whom. Constant, so that another port does not end every session. */
const identity = { issuer: "ai-platform", audience: "ai-platform-api" };

/** A running embedded platform. */
export interface EmbeddedPlatform {
  /** Such as `http://127.0.0.1:8888`. */
  readonly address: string;
  readonly database: string;
  /** Documents that can be asked about, by whoever may. */
  readonly documents: number;
  readonly embedder: string | undefined;
  readonly model: string | undefined;
  /** Passwords made at this start; empty where the users exist. */
  readonly passwords: readonly DemoPassword[];
  readonly logger: Logger;
  /** Finish requests and the document at work, then close everything: to be run in this order. */
  readonly shutdown: readonly ShutdownStep[];
}

/**
 * Starts API, agents, ingestion and database in this process, with everything kept in one folder.
 * Resolves when the first question can be answered.
 * @throws StartError where the port cannot be had, DataFolderError where the folder cannot
 */
export async function startEmbedded(options: StartOptions, settings: Settings): Promise<EmbeddedPlatform> {
  const shutdown: ShutdownStep[] = [];
  try {
    return await start(options, settings, shutdown);
  } catch (error) {
    for (const step of shutdown) await step.run();
    throw error;
  }
}

/** @param shutdown gets a step for each thing opened, so that what was opened last is closed first */
async function start(options: StartOptions, settings: Settings, shutdown: ShutdownStep[]): Promise<EmbeddedPlatform> {
  const { dataDir, host, port } = options;
  await checkPort(options);
  const claim = await claimDataFolder(dataDir);
  shutdown.unshift({ name: "data folder", run: () => claim.release() });
  const logger = openLog(join(dataDir, "platform.log"), settings.LOG_LEVEL);

  const [database, keys, models] = await Promise.all([
    openEmbedded(join(dataDir, "postgres")),
    openSigningKeys(join(dataDir, "signing-keys.json")),
    watchModelEndpoint(settings, { logger }),
  ]);
  shutdown.unshift({ name: "database", run: () => database.close() });
  shutdown.unshift({ name: "model watch", run: () => models.stop() });
  const { db } = database;
  const embedder = await openEmbedder(settings);
  const search = embedder ? { embedder } : {};
  const store = openVectorStore({
    database,
    ...(embedder ? { dimensions: embedder.dimensions, model: embedder.model } : {}),
  });
  shutdown.unshift({ name: "search index", run: () => store.close() });
  await store.prepare();

  const worker = createIngestWorker({ db, store, logger, exclusive: true, ...search });
  shutdown.unshift({ name: "ingest", run: () => worker.drain() });
  const passwords = await createDemo(db, embeddedTenant);
  // Only the sample is waited for: what an earlier run left in the queue is worked off beside the first questions.
  if ((await submitSample(db, embeddedTenant)) > 0) await worker.runUntilIdle();
  worker.start();
  claim.serve(answerPasswordCalls(db, answerIngestCalls(db, embeddedTenant)));
  const aclSync = createAclSync({ db, store, logger });
  shutdown.unshift({ name: "rights sync", run: () => aclSync.stop() });
  aclSync.start();

  let stopping = false;
  const app = await createApp({
    database,
    logger,
    keys,
    store,
    models,
    tokens: createTokenIssuer({ db, keys, ...identity }),
    verifier: createCallerVerifier({ db, keys, ...identity }),
    retriever: createRetriever({ db, store, logger, ...search }),
    config: { tenant: embeddedTenant, environment: "local", passwordGrant: true },
    isStopping: () => stopping,
  });
  shutdown.unshift({
    name: "api",
    run: async () => {
      stopping = true;
      await app.close();
    },
  });
  const address = await app.listen({ host, port }).catch((error: unknown) => {
    throw toPortError(error, options);
  });

  return {
    address,
    database: database.description,
    documents: await db.$count(documents, isNotNull(documents.liveVersion)),
    embedder: embedder?.model,
    model: models.current()?.description,
    passwords,
    logger,
    shutdown,
  };
}

/** Written at once, so that the last lines before an end are there; begins anew at each start. */
function openLog(path: string, level: string): Logger {
  const file = openSync(path, "w", 0o600);
  return createLogger({ service: "embedded", level, destination: { write: (line) => void writeSync(file, line) } });
}
