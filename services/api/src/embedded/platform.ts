import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { isNotNull } from "drizzle-orm";
import { createAclSync } from "@ai-platform/core/access/acl-sync.ts";
import { createRetriever } from "@ai-platform/core/access/create-retriever.ts";
import { openEmbedded } from "@ai-platform/core/db/database.ts";
import { documents } from "@ai-platform/core/db/schema/index.ts";
import { createCallerVerifier } from "@ai-platform/core/identity/caller-verifier.ts";
import { openSigningKeys } from "@ai-platform/core/identity/signing-keys.ts";
import { createTokenIssuer } from "@ai-platform/core/identity/token-issuer.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import { watchModelEndpoint } from "@ai-platform/core/models/discovery.ts";
import { openVectorStore } from "@ai-platform/core/vector/open-store.ts";
import { createIngestWorker } from "@ai-platform/ingest/worker.ts";
import { createApp } from "../app.ts";
import { webRoutes } from "../web/web-routes.ts";
import { claimDataFolder } from "./data-folder.ts";
import { createDemo, type DemoPassword } from "./demo.ts";
import type { StartOptions } from "./options.ts";
import { checkPort, toPortError } from "./port.ts";
import { submitSample } from "./sample.ts";
import { openEmbedder, type Settings } from "./settings.ts";

/** The one tenant of the embedded platform. */
export const embeddedTenant = "demo";

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
  /** Finishes requests and the document at work, then closes everything. */
  stop(): Promise<void>;
}

/** What was opened, in order: closed the other way round, whether the start succeeds or not. */
type Closers = (() => unknown)[];

/**
 * Starts API, agents, ingestion and database in this process, with everything kept in one folder.
 * Resolves when the first question can be answered.
 * @throws StartError where the folder or the port cannot be had
 */
export async function startEmbedded(options: StartOptions, settings: Settings): Promise<EmbeddedPlatform> {
  const closers: Closers = [];
  const stop = async () => {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  };
  try {
    return { ...(await open(options, settings, closers)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function open(
  options: StartOptions,
  settings: Settings,
  closers: Closers,
): Promise<Omit<EmbeddedPlatform, "stop">> {
  const { dataDir, host, port } = options;
  await checkPort(options);
  const claim = await claimDataFolder(dataDir);
  closers.push(() => claim.release());
  const log = createWriteStream(join(dataDir, "platform.log"));
  closers.push(() => new Promise((resolve) => log.end(resolve)));
  const logger = createLogger({ service: "embedded", level: settings.LOG_LEVEL, destination: log });

  const [database, keys, models] = await Promise.all([
    openEmbedded(join(dataDir, "postgres")),
    openSigningKeys(join(dataDir, "signing-keys.json")),
    watchModelEndpoint(settings, { logger }),
  ]);
  closers.push(() => database.close());
  closers.push(() => models.stop());
  const { db } = database;
  const embedder = await openEmbedder(settings);
  const search = embedder ? { embedder } : {};
  const store = openVectorStore({
    database,
    ...(embedder ? { dimensions: embedder.dimensions, model: embedder.model } : {}),
  });
  closers.push(() => store.close());
  await store.prepare();

  const worker = createIngestWorker({ db, store, logger, exclusive: true, ...search });
  closers.push(() => worker.drain());
  const passwords = await createDemo(db, embeddedTenant);
  await submitSample(db, embeddedTenant);
  await worker.runUntilIdle();
  worker.start();
  const aclSync = createAclSync({ db, store, logger });
  closers.push(() => aclSync.stop());
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
  await app.register(webRoutes);
  closers.push(
    () => app.close(),
    () => void (stopping = true),
  );
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
  };
}
