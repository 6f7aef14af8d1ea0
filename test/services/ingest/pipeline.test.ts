import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eq } from "drizzle-orm";
import { getAcl, setAcl } from "@ai-platform/core/access/acl-store.ts";
import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { chunks, documents, ingestJobs } from "@ai-platform/core/db/schema/index.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { getJob, sha256, submitDocument } from "@ai-platform/ingest/jobs.ts";
import { leaseJob } from "@ai-platform/ingest/queue.ts";
import { deleteDocument, sweep } from "@ai-platform/ingest/removal.ts";
import { createIngestWorker, type IngestWorker } from "@ai-platform/ingest/worker.ts";
import { documentState, everybody, listPoints, longText, submission, submitText } from "../../support/ingest.ts";
import { openTestStore, testChunk } from "../../support/vector.ts";

const logger = createLogger({ service: "test", level: "silent" });
let database: Database;
let store: VectorStore;
let tenant: string;
let worker: IngestWorker;

beforeAll(async () => {
  database = await openEmbedded();
  store = await openTestStore("pgvector", database);
  worker = createIngestWorker({ db: database.db, store, logger });
});
afterAll(async () => {
  await worker.drain();
  await database.close();
});
beforeEach(() => {
  tenant = `tenant-${randomUUID()}`;
});

const state = () => documentState(database.db, store, tenant);

/** Makes every lease of the queue run out, as if its holder had been silent for a minute. */
async function expireLeases() {
  await database.db
    .update(ingestJobs)
    .set({ leasedUntil: new Date(0) })
    .where(eq(ingestJobs.tenant, tenant));
}

describe("a version swap", () => {
  it("leaves the new version's text and points and nothing of the old one", async () => {
    await submitText(database.db, tenant, longText(12));
    await worker.runUntilIdle();
    const first = await state();
    await submitText(database.db, tenant, longText(5, "préavis"));
    await worker.runUntilIdle();
    const second = await state();
    expect(first.chunks.length).toBeGreaterThan(second.chunks.length);
    expect(second.liveVersion).toBe(2);
    expect(second.chunks.every((chunk) => chunk.version === 2 && chunk.text.includes("préavis"))).toBe(true);
    expect(second.points).toEqual(second.chunks.map((chunk) => chunk.id).sort());
    expect(second.uploads).toBe(0);
  });

  it("makes no version of the same bytes, and changes the rights where they differ", async () => {
    await submitText(database.db, tenant, "# Congés\n\nVingt jours.");
    await worker.runUntilIdle();
    const before = await state();
    const again = submission(tenant, "# Congés\n\nVingt jours.", { acl: { ...everybody, level: 2 } });
    const { jobId, documentId } = await submitDocument(database.db, again);
    await worker.runUntilIdle();
    expect((await getJob(database.db, tenant, jobId)).status).toBe("done");
    expect(await state()).toEqual(before);
    expect(await getAcl(database.db, documentId)).toMatchObject({ level: 2 });
  });

  it("keeps a right that somebody changed after the document was handed in", async () => {
    const { documentId } = await submitDocument(database.db, submission(tenant, "# Un\n\nTexte."));
    await worker.runUntilIdle();
    await submitText(database.db, tenant, "# Deux\n\nTexte.", { acl: { ...everybody, level: 1 } });
    await setAcl(database.db, documentId, { allow: [], deny: [], level: 3 }, "user:boss");
    await worker.runUntilIdle();
    expect((await state()).liveVersion).toBe(2);
    expect(await getAcl(database.db, documentId)).toMatchObject({ allow: [], level: 3 });
  });

  it("gives later submissions their own rights, one after the other", async () => {
    const { documentId } = await submitDocument(database.db, submission(tenant, "# Un\n\nTexte."));
    await submitText(database.db, tenant, "# Deux\n\nTexte.", { acl: { ...everybody, level: 1 } });
    await submitText(database.db, tenant, "# Trois\n\nTexte.", { acl: { ...everybody, level: 2 } });
    await worker.runUntilIdle();
    expect(await getAcl(database.db, documentId)).toMatchObject({ level: 2 });
    expect((await state()).title).toBe("Trois");
  });
});

describe("handing in", () => {
  it("gives eight parallel submissions of the same bytes one document and one job", async () => {
    const submitted = await Promise.all(
      Array.from({ length: 8 }, () => submitDocument(database.db, submission(tenant, "# Congés\n\nVingt jours."))),
    );
    expect(new Set(submitted.map(({ documentId }) => documentId)).size).toBe(1);
    expect(new Set(submitted.map(({ jobId }) => jobId)).size).toBe(1);
  });

  it("names the field of a request that is not valid and keeps nothing of it", async () => {
    const wrong = submission(tenant, "text", { department: "Ressources Humaines" });
    await expect(submitDocument(database.db, wrong)).rejects.toThrow(/`department` must be lower-case/);
    const lying = submission(tenant, "text", {
      origin: { kind: "upload", sha256: sha256(new Uint8Array([1])), fileName: "a.md" },
    });
    await expect(submitDocument(database.db, lying)).rejects.toThrow("SHA-256");
    expect(await database.db.$count(documents, eq(documents.tenant, tenant))).toBe(0);
  });

  it("leaves a source to the department that owns it", async () => {
    await submitText(database.db, tenant, "# Congés\n\nVingt jours.");
    const other = submission(tenant, "# Congés\n\nTrente jours.", { department: "it" });
    await expect(submitDocument(database.db, other)).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("eight workers on one document", () => {
  it("leave one live version and no orphan points", async () => {
    const workers = Array.from({ length: 8 }, () => createIngestWorker({ db: database.db, store, logger }));
    for (let version = 1; version <= 8; version += 1) {
      await submitText(database.db, tenant, longText(version, `mot${version}`));
    }
    // Each worker stops when it finds no job due; jobs of one document come due one after the other.
    for (let left = 8; left > 0;) {
      await Promise.all(workers.map((one) => one.runUntilIdle()));
      left = await database.db.$count(ingestJobs, eq(ingestJobs.status, "queued"));
    }
    const after = await state();
    expect(after.liveVersion).toBe(8);
    expect(after.chunks.every((chunk) => chunk.version === 8)).toBe(true);
    expect(after.points).toEqual(after.chunks.map((chunk) => chunk.id).sort());
    await Promise.all(workers.map((one) => one.drain()));
  });

  it("never give one job to two", async () => {
    await submitText(database.db, tenant, "# Un\n\nTexte.");
    await submitText(database.db, tenant, "# Deux\n\nTexte.");
    const leased = await Promise.all(Array.from({ length: 8 }, () => leaseJob(database.db)));
    expect(leased.filter((job) => job?.tenant === tenant).map((job) => job?.version)).toEqual([1]);
    await expireLeases();
    await worker.runUntilIdle();
    expect((await state()).liveVersion).toBe(2);
  });
});

describe("failures", () => {
  it("end at once, with the reason, where trying again cannot help", async () => {
    const jobId = await submitText(database.db, tenant, "   ");
    await worker.runUntilIdle();
    const job = await getJob(database.db, tenant, jobId);
    expect(job).toMatchObject({ status: "failed", problem: { detail: "handbook.md has no text." } });
  });

  it("keep the live version readable when the next one cannot be read", async () => {
    await submitText(database.db, tenant, "# Congés\n\nVingt jours.");
    await worker.runUntilIdle();
    const before = await state();
    await submitText(database.db, tenant, " ");
    await worker.runUntilIdle();
    expect({ ...(await state()), uploads: 0 }).toEqual(before);
  });

  it("put a document aside after three tries and leave nothing of it in the index", async () => {
    const broken: VectorStore = {
      ...store,
      upsert: async (batch) => {
        await store.upsert(batch.slice(0, 1));
        throw new Error("disk of the index is on fire");
      },
    };
    const failing = createIngestWorker({ db: database.db, store: broken, logger });
    const jobId = await submitText(database.db, tenant, longText(3));
    for (let tries = 0; tries < 3; tries += 1) {
      await failing.runUntilIdle();
      await expireLeases();
    }
    const job = await getJob(database.db, tenant, jobId);
    expect(job).toMatchObject({ status: "quarantined", attempts: 3 });
    // The words of the error may hold what must not be shown; the log has them.
    expect(job.problem?.detail).not.toContain("fire");
    expect(await state()).toMatchObject({ liveVersion: null, chunks: [], points: [] });
    await failing.drain();
  });

  it("do not count while a part we need does not answer", async () => {
    let down = true;
    const flaky: VectorStore = {
      ...store,
      upsert: (batch) => (down ? Promise.reject(new Problem("unavailable", "No answer.")) : store.upsert(batch)),
    };
    const waiting = createIngestWorker({ db: database.db, store: flaky, logger });
    const jobId = await submitText(database.db, tenant, "# Congés\n\nVingt jours.");
    for (let tries = 0; tries < 5; tries += 1) {
      await waiting.runUntilIdle();
      await expireLeases();
    }
    expect(await getJob(database.db, tenant, jobId)).toMatchObject({ status: "queued", attempts: 0 });
    down = false;
    await waiting.runUntilIdle();
    expect(await getJob(database.db, tenant, jobId)).toMatchObject({ status: "done" });
    await waiting.drain();
  });

  it("of the worker itself put a document aside: three leases that nobody gave back", async () => {
    const jobId = await submitText(database.db, tenant, "# Congés\n\nVingt jours.");
    for (let lease = 0; lease < 3; lease += 1) {
      await leaseJob(database.db);
      await expireLeases();
    }
    await worker.runUntilIdle();
    const job = await getJob(database.db, tenant, jobId);
    expect(job.status).toBe("quarantined");
    expect(job.problem?.detail).toContain("The worker died 3 times at stage fetch");
  });
});

describe("deleting", () => {
  it("takes text and points and gives the source free", async () => {
    const { documentId } = await submitDocument(database.db, submission(tenant, "# Congés\n\nVingt jours."));
    await worker.runUntilIdle();
    await deleteDocument({ db: database.db, store }, { tenant, documentId, actor: "user:boss" });
    expect(await state()).toMatchObject({ liveVersion: null, chunks: [], points: [] });
    const again = await submitDocument(database.db, submission(tenant, "# Congés\n\nVingt jours."));
    expect(again.documentId).not.toBe(documentId);
  });

  it("ends the job under way, whose worker cleans up behind itself", async () => {
    const { documentId, jobId } = await submitDocument(database.db, submission(tenant, longText(60)));
    const deleting: VectorStore = {
      ...store,
      upsert: async (batch) => {
        await deleteDocument({ db: database.db, store }, { tenant, documentId, actor: "user:boss" });
        await store.upsert(batch);
      },
    };
    const late = createIngestWorker({ db: database.db, store: deleting, logger });
    await late.runUntilIdle();
    expect((await getJob(database.db, tenant, jobId)).status).toBe("failed");
    await sweep({ db: database.db, store, logger });
    expect(await state()).toMatchObject({ liveVersion: null, chunks: [], points: [] });
    await late.drain();
  });
});

describe("the sweep", () => {
  it("removes points of no version in use and finishes deletions that were cut off", async () => {
    const { documentId } = await submitDocument(database.db, submission(tenant, "# Congés\n\nVingt jours."));
    await worker.runUntilIdle();
    const { points } = await state();
    const orphan = testChunk({ documentId: randomUUID() });
    const late = testChunk({ documentId, documentVersion: 7 });
    await store.upsert([orphan, late]);
    await sweep({ db: database.db, store, logger });
    expect((await state()).points).toEqual(points);
    expect((await listPoints(store)).map((hit) => hit.chunkId)).not.toContain(orphan.id);

    await database.db
      .update(documents)
      .set({ deletedAt: new Date(), liveVersion: null })
      .where(eq(documents.id, documentId));
    await sweep({ db: database.db, store, logger });
    expect((await state()).points).toEqual([]);
    expect(await database.db.$count(chunks, eq(chunks.documentId, documentId))).toBe(0);
  });
});
