import { join } from "node:path";
import { connectStores } from "@ai-platform/core/connections.ts";
import { claimDataFolder, embeddedTenant } from "@ai-platform/core/db/data-folder.ts";
import { openEmbedded, openPostgres, type Database } from "@ai-platform/core/db/database.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import { connectLocalQueue, directQueue, type IngestQueue } from "../local-ingest.ts";
import type { Settings } from "../settings.ts";
import { createIngestWorker } from "../worker.ts";
import { UsageError, type CliOptions } from "./options.ts";

export interface Connection {
  readonly queue: IngestQueue;
  /** Gives the document at work back to the queue and closes everything. */
  close(): Promise<void>;
}

/**
 * Where documents go: the database of `DATABASE_URL`; else the platform that runs on the data folder; else the data
 * folder itself, which is claimed for as long as this command runs.
 */
export async function connect(options: CliOptions, settings: Settings): Promise<Connection> {
  const { DATABASE_URL: url } = settings;
  if (url !== undefined) {
    if (options.tenant === undefined)
      throw new UsageError("--tenant is missing; DATABASE_URL may hold several tenants");
    return work(await openPostgres(url), options.tenant, settings, false);
  }
  const running = await connectLocalQueue(options.dataDir);
  if (running) return { queue: running, close: async () => undefined };
  const claim = await claimDataFolder(options.dataDir);
  const database = await openEmbedded(join(options.dataDir, "postgres"));
  const connection = await work(database, options.tenant ?? embeddedTenant, settings, true);
  return {
    queue: connection.queue,
    async close() {
      await connection.close();
      await claim.release();
    },
  };
}

async function work(database: Database, tenant: string, settings: Settings, exclusive: boolean): Promise<Connection> {
  const { db } = database;
  const { store, embedder, close } = await connectStores(database, settings);
  // Failures of documents are told by the command itself; the log is for what is ours.
  const logger = createLogger({ service: "ingest", level: "silent" });
  const worker = createIngestWorker({ db, store, logger, exclusive, ...(embedder ? { embedder } : {}) });
  worker.start();
  return {
    queue: directQueue(db, tenant),
    async close() {
      await worker.drain();
      await close();
    },
  };
}
