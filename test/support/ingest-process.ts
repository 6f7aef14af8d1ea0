import { writeSync } from "node:fs";
import { openEmbedded, openPostgres } from "@ai-platform/core/db/database.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import { openVectorStore } from "@ai-platform/core/vector/open-store.ts";
import { createEmbedder } from "@ai-platform/core/models/open-ai-embedder.ts";
import { createIngestWorker } from "@ai-platform/ingest/worker.ts";
import { documentState, submitText } from "./ingest.ts";

/** What a worker process of the kill tests is to do. */
export interface ProcessTask {
  /** Folder of an embedded database, or address of a server. */
  readonly database: string;
  readonly tenant: string;
  readonly embedderUrl?: string;
  /** After what is in the queue was finished and told of: hand this in, and stop dead at a stage of it. */
  readonly next?: {
    readonly text: string;
    /** Frozen the `occurrence`th time this stage is entered, until killed. */
    readonly freezeAt: { readonly stage: string; readonly occurrence: number };
  };
  /** No other process works on this database. */
  readonly exclusive: boolean;
}

const task = JSON.parse(process.argv[2] ?? "{}") as ProcessTask;
const say = (message: unknown) => writeSync(1, `${JSON.stringify(message)}\n`);

let armed = false;
let seen = 0;
/** The log line of the stage is where the process freezes: right after that stage was committed. */
const logger = createLogger({
  service: "ingest",
  level: "debug",
  destination: {
    write(line: string) {
      const { stage } = JSON.parse(line) as { stage?: string };
      if (!armed || stage === undefined || stage !== task.next?.freezeAt.stage) return;
      seen += 1;
      if (seen < task.next.freezeAt.occurrence) return;
      say({ frozen: stage });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    },
  },
});

const isServer = task.database.startsWith("postgres");
const database = await (isServer ? openPostgres(task.database) : openEmbedded(task.database));
const dimensions = 32;
const embedder = task.embedderUrl
  ? createEmbedder({ baseUrl: task.embedderUrl, model: "test-embedder", dimensions })
  : undefined;
const store = openVectorStore({ database, ...(embedder ? { dimensions, model: "test-embedder" } : {}) });
await store.prepare();
const { exclusive } = task;
const worker = createIngestWorker({ db: database.db, store, logger, exclusive, ...(embedder ? { embedder } : {}) });
await worker.runUntilIdle();
say({ state: await documentState(database.db, store, task.tenant).catch(() => null) });
if (task.next) {
  armed = true;
  await submitText(database.db, task.tenant, task.next.text);
  await worker.runUntilIdle();
}
await worker.drain();
await store.close();
await database.close();
