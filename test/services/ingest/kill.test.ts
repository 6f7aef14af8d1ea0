import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eq } from "drizzle-orm";
import { openPostgres, type Database } from "@ai-platform/core/db/database.ts";
import { ingestJobs } from "@ai-platform/core/db/schema/index.ts";
import { openVectorStore } from "@ai-platform/core/vector/open-store.ts";
import { chunkId } from "@ai-platform/ingest/chunk-id.ts";
import { defaultLimits } from "@ai-platform/ingest/limits.ts";
import { createParser, type Parser } from "@ai-platform/ingest/parse/parser.ts";
import { startHashEmbedder, type HashEmbedderServer } from "../../support/hash-embedder.ts";
import { documentState, longText, submitText, type DocumentState } from "../../support/ingest.ts";
import type { ProcessTask } from "../../support/ingest-process.ts";

/** A Postgres server with pgvector, for several processes at once; the embedded database takes one. */
const serverUrl = process.env.TEST_DATABASE_URL;
if (!serverUrl) console.info("Ingest on a Postgres server: skipped, TEST_DATABASE_URL is not set");

/** Every boundary a worker can die at; the second batch of 32 chunks is amid embedding and indexing. */
const stages = [
  { stage: "fetch", occurrence: 1 },
  { stage: "parse", occurrence: 1 },
  { stage: "chunk", occurrence: 1 },
  { stage: "embed", occurrence: 1 },
  { stage: "embed", occurrence: 2 },
  { stage: "index", occurrence: 1 },
  { stage: "index", occurrence: 2 },
  { stage: "publish", occurrence: 1 },
  { stage: "clean-up", occurrence: 1 },
];

const script = new URL("../../support/ingest-process.ts", import.meta.url).pathname;

/** Runs a worker process and kills it where it freezes. Gives what it found after it had finished what was waiting. */
async function run(task: ProcessTask): Promise<DocumentState | null> {
  const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ["ignore", "pipe", "inherit"] });
  let state: DocumentState | null | undefined;
  let frozen = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line) as { frozen?: string; state?: DocumentState | null };
    if (message.state !== undefined) state = message.state;
    if (message.frozen === undefined) continue;
    frozen = true;
    child.kill("SIGKILL");
  }
  if (state === undefined) throw new Error("the worker ended without a word");
  if (task.next && !frozen) throw new Error(`the worker never came to ${task.next.freezeAt.stage}`);
  return state;
}

/** Text of each version: they differ, and so do their chunks. */
const textOf = (version: number) => longText(40, `mot${version}`);

/** What an undisturbed run makes of a version. */
async function expectWhole(state: DocumentState | null, version: number): Promise<void> {
  const bytes = new TextEncoder().encode(textOf(version));
  const { chunks } = await parser.parse({ fileName: "handbook.md", mime: "text/markdown", bytes });
  const expected = chunks.map(({ text }, ordinal) => ({
    id: chunkId(state?.documentId ?? "", version, ordinal),
    version,
    text,
  }));
  expect(expected.length).toBeGreaterThan(32);
  expect(state).toMatchObject({ liveVersion: version, uploads: 0, chunks: expected });
  expect(state?.points).toEqual(expected.map((chunk) => chunk.id).sort());
}

let embedder: HashEmbedderServer;
let parser: Parser;
beforeAll(async () => {
  embedder = await startHashEmbedder(32);
  parser = createParser(defaultLimits);
});
afterAll(async () => {
  await embedder.close();
  await parser.close();
});

describe("a worker killed at any stage", () => {
  let parent: string;
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "aip-kill-"));
  });
  afterAll(() => rm(parent, { recursive: true, force: true }));

  it("leaves an embedded database from which the next one makes the same chunks", { timeout: 900_000 }, async () => {
    const task = { database: join(parent, "db"), tenant: "killed", embedderUrl: embedder.baseUrl, exclusive: true };
    for (const [index, freezeAt] of stages.entries()) {
      const state = await run({ ...task, next: { text: textOf(index + 1), freezeAt } });
      if (index > 0) await expectWhole(state, index);
    }
    await expectWhole(await run(task), stages.length);
  });
});

describe.skipIf(!serverUrl)("on a Postgres server", () => {
  let database: Database;
  beforeAll(async () => {
    database = await openPostgres(serverUrl ?? "");
  });
  afterAll(() => database.close());

  it("a killed worker's job is taken up by another when its lease has run out", { timeout: 900_000 }, async () => {
    const tenant = `killed-${randomUUID()}`;
    const task = { database: serverUrl ?? "", tenant, exclusive: false };
    const withoutEmbedder = stages.filter(({ stage }) => stage !== "embed");
    for (const [index, freezeAt] of withoutEmbedder.entries()) {
      const state = await run({ ...task, next: { text: textOf(index + 1), freezeAt } });
      if (index > 0) await expectWhole(state, index);
      const now = await documentState(database.db, openVectorStore({ database }), tenant);
      expect(now.liveVersion ?? 0).toBe(freezeAt.stage === "clean-up" ? index + 1 : index);
      const expired = { leasedUntil: new Date(0) };
      await database.db.update(ingestJobs).set(expired).where(eq(ingestJobs.tenant, tenant));
    }
    await expectWhole(await run(task), withoutEmbedder.length);
  });

  it("eight processes on one document leave one live version and no orphan points", { timeout: 900_000 }, async () => {
    const tenant = `eight-${randomUUID()}`;
    for (let version = 1; version <= 16; version += 1) await submitText(database.db, tenant, textOf(version));
    const task = { database: serverUrl ?? "", tenant, exclusive: false };
    await Promise.all(Array.from({ length: 8 }, () => run(task)));
    await expectWhole(await run(task), 16);
  });
});
