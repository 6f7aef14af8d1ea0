import { createServer } from "node:http";
import { count, eq } from "drizzle-orm";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { z } from "zod";
import { createAclSync } from "@ai-platform/core/access/acl-sync.ts";
import { connectionEnvSchema, openConnections } from "@ai-platform/core/connections.ts";
import { ingestJobs } from "@ai-platform/core/db/schema/index.ts";
import { EnvError, parseEnv } from "@ai-platform/core/env.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import { stopOnSignals } from "@ai-platform/core/shutdown.ts";
import { jobStatuses } from "./request.ts";
import { createIngestWorker } from "./worker.ts";

const serviceSchema = connectionEnvSchema.extend({
  /** Port of `/health` and `/metrics`. @default 8889 */
  PORT: z.coerce.number().int().min(0).max(65_535).default(8889),
  /** @default 127.0.0.1 */
  HOST: z.string().default("127.0.0.1"),
});

/** A worker of the deployed platform: takes jobs from Postgres until it is told to stop. */
async function main(): Promise<void> {
  const settings = parseEnv(serviceSchema);
  const logger = createLogger({ service: "ingest", level: settings.LOG_LEVEL });
  const { database, store, embedder, close } = await openConnections(settings);
  const { registry, onJobEnd } = createMetrics(async (status) =>
    database.db
      .select({ jobs: count() })
      .from(ingestJobs)
      .where(eq(ingestJobs.status, status))
      .then(([row]) => row?.jobs ?? 0),
  );
  const worker = createIngestWorker({ db: database.db, store, logger, onJobEnd, ...(embedder ? { embedder } : {}) });
  // Changed rights reach the search index from here: the API only writes them to Postgres.
  const aclSync = createAclSync({ db: database.db, store, logger });
  let stopping = false;
  const server = createServer((request, response) => {
    const health = async () => {
      await store.ping();
      return stopping ? { status: 503, type: "application/json", body: '{"status":"stopping"}' } : healthy;
    };
    const metrics = async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() });
    const answer = request.url === "/health" ? health() : request.url === "/metrics" ? metrics() : notFound;
    Promise.resolve(answer)
      .catch(() => ({ status: 503, type: "application/json", body: '{"status":"unavailable"}' }))
      .then(({ status, type, body }) => response.writeHead(status, { "content-type": type }).end(body))
      .catch((error: unknown) => logger.error({ err: error }, "health could not be answered"));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(settings.PORT, settings.HOST, resolve);
  });
  worker.start();
  aclSync.start();
  logger.info(
    { database: database.description, index: store.kind, embedder: embedder?.model },
    "ingest worker started",
  );
  stopOnSignals({
    logger,
    // The document at work is given back at its next batch; the container engine waits 60 s.
    deadlineSeconds: 55,
    steps: [
      { name: "health", run: () => (stopping = true) },
      { name: "worker", run: () => worker.drain() },
      { name: "rights sync", run: () => aclSync.stop() },
      { name: "server", run: () => new Promise((resolve) => server.close(resolve).closeAllConnections()) },
      { name: "stores", run: close },
    ],
  });
}

const healthy = { status: 200, type: "application/json", body: '{"status":"ok"}' };
const notFound = { status: 404, type: "application/json", body: '{"status":"not found"}' };

function createMetrics(countJobs: (status: string) => Promise<number>) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const jobs = new Counter({
    name: "ingest_jobs_total",
    help: "Ingest jobs that ended, by outcome",
    labelNames: ["outcome"],
    registers,
  });
  const seconds = new Histogram({
    name: "ingest_job_duration_seconds",
    help: "Time a worker spent on a job",
    buckets: [0.1, 0.5, 1, 5, 15, 60, 300],
    registers,
  });
  new Gauge({
    name: "ingest_queue_jobs",
    help: "Ingest jobs by status",
    labelNames: ["status"],
    registers,
    async collect() {
      for (const status of jobStatuses) this.set({ status }, await countJobs(status));
    },
  });
  return {
    registry,
    onJobEnd: (outcome: string, took: number) => {
      jobs.inc({ outcome });
      seconds.observe(took);
    },
  };
}

main().catch((error: unknown) => {
  console.error(error instanceof EnvError ? `ingest: ${error.message.replaceAll("\n", "; ")}` : error);
  process.exit(1);
});
