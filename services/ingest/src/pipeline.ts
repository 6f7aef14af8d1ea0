import { and, eq } from "drizzle-orm";
import { getAcl } from "@ai-platform/core/access/acl-store.ts";
import type { Logger } from "@ai-platform/core/logger.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { chunks, documents, uploads } from "@ai-platform/core/db/schema/index.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import type { Embedder } from "@ai-platform/core/models/embedder.ts";
import type { Language, VectorStore } from "@ai-platform/core/vector/store.ts";
import { chunkId } from "./chunk-id.ts";
import { mediaTypeOf } from "./parse/media-type.ts";
import type { ParsedDocument, Parser } from "./parse/parser.ts";
import { cleanUp, publish, publishUnchanged } from "./publish.ts";
import type { IngestProgress, IngestStage } from "./request.ts";
import { chunksFrom, LeaseLost, updateJob, type JobFacts, type LeasedJob } from "./queue.ts";

/** Chunks embedded and indexed at a time: what TEI takes in one request. */
const batchSize = 32;

export interface PipelineContext {
  readonly db: Db;
  readonly store: VectorStore;
  readonly embedder?: Embedder;
  readonly parser: Parser;
  readonly logger: Logger;
}

/**
 * Takes a job from the stage it stands at to its end: fetch, parse, chunk, embed, index, publish.
 * Each stage commits before the next begins and may be repeated, so a worker killed anywhere leaves a job that the
 * next one finishes with the same chunks. Readers see nothing of it until the one commit in `publish`.
 */
export async function runJob(context: PipelineContext, job: LeasedJob, signal: AbortSignal): Promise<void> {
  let current = job;
  if (current.stage === "fetch" || current.stage === "parse" || current.stage === "chunk") {
    const prepared = await prepareChunks(context, current, signal);
    if (!prepared) return publishUnchanged(context, current);
    current = prepared;
  }
  if (current.stage !== "publish") {
    current = await indexChunks(context, current, signal);
    context.logger.debug({ jobId: job.id, stage: "publish" }, "ingest stage");
    await publish(context, current);
    context.logger.debug({ jobId: job.id, stage: "clean-up" }, "ingest stage");
  }
  await cleanUp(context, current);
}

/** Writes where the job stands and renews its lease. The log line is what tests stop a worker at. */
async function enterStage(
  { db, logger }: PipelineContext,
  job: LeasedJob,
  stage: IngestStage,
  progress?: IngestProgress,
): Promise<void> {
  await updateJob(db, job, { stage, ...(progress ? { progress } : {}) });
  logger.debug({ jobId: job.id, stage }, "ingest stage");
}

/** Stages fetch, parse and chunk. `undefined` where the live version has these very bytes. */
async function prepareChunks(
  context: PipelineContext,
  job: LeasedJob,
  signal: AbortSignal,
): Promise<LeasedJob | undefined> {
  const { db, parser } = context;
  const { request } = job;
  await enterStage(context, job, "fetch");
  const { sha256: contentHash, fileName, contentType } = request.origin;
  if (await isLive(db, job, contentHash)) return undefined;
  const bytes = await fetchBytes(db, job);

  await enterStage(context, job, "parse");
  const mime = mediaTypeOf(fileName, bytes, contentType);
  let progress = {};
  let reporting: Promise<unknown> = Promise.resolve();
  const parsed = await parser.parse(
    { fileName, mime, bytes, ...(request.title ? { title: request.title } : {}) },
    (pages) => {
      progress = pages;
      reporting = reporting.then(() => updateJob(db, job, { progress: pages })).catch(() => undefined);
    },
    signal,
  );
  await reporting;
  const { title, language, pages, pagesNeedingOcr, removedCharacters } = parsed;
  const facts: JobFacts = { contentHash, mime, title, language, chunks: parsed.chunks.length };
  const change = {
    stage: "embed",
    facts,
    progress: {
      ...progress,
      pages,
      pagesTotal: pages,
      pagesNeedingOcr,
      removedCharacters,
      chunks: parsed.chunks.length,
    },
  } as const;
  await enterStage(context, job, "chunk");
  await db.transaction(async (tx) => {
    await updateJob(tx, job, change);
    await storeChunks(tx, job, parsed);
  });
  return { ...job, ...change };
}

async function fetchBytes(db: Db, job: LeasedJob): Promise<Uint8Array> {
  const { sha256, fileName } = job.request.origin;
  const [kept] = await db
    .select({ bytes: uploads.bytes })
    .from(uploads)
    .where(and(eq(uploads.tenant, job.tenant), eq(uploads.sha256, sha256)));
  if (!kept) throw new Problem("unreadable-document", `The bytes of ${fileName} are gone. Send it again.`);
  return kept.bytes;
}

/** The same bytes under the same name and collection are the same version. */
async function isLive(db: Db, job: LeasedJob, contentHash: string): Promise<boolean> {
  const [document] = await db.select().from(documents).where(eq(documents.id, job.documentId));
  const { title, collection, department } = job.request;
  return (
    document !== undefined &&
    document.liveVersion !== null &&
    document.contentHash === contentHash &&
    document.collection === (collection ?? department) &&
    (title === undefined || document.title === title)
  );
}

async function storeChunks(tx: Db, job: LeasedJob, parsed: ParsedDocument): Promise<void> {
  const { documentId, version } = job;
  await tx.delete(chunks).where(and(eq(chunks.documentId, documentId), eq(chunks.version, version)));
  const rows = parsed.chunks.map((chunk, ordinal) => ({
    ...chunk,
    headingPath: [...chunk.headingPath],
    id: chunkId(documentId, version, ordinal),
    documentId,
    version,
    ordinal,
  }));
  // A statement takes at most 65,535 parameters.
  for (let from = 0; from < rows.length; from += 1_000) await tx.insert(chunks).values(rows.slice(from, from + 1_000));
}

/** Stages embed and index, batch by batch: a resumed job goes on after the last batch that was confirmed. */
async function indexChunks(context: PipelineContext, job: LeasedJob, signal: AbortSignal): Promise<LeasedJob> {
  const { db, store, embedder } = context;
  const collection = job.request.collection ?? job.request.department;
  let { progress } = job;
  for (let next = progress.indexed ?? 0; ;) {
    signal.throwIfAborted();
    const batch = await chunksFrom(db, job, next, batchSize);
    if (batch.length === 0) break;
    const acl = await getAcl(db, job.documentId);
    if (!acl) throw new LeaseLost(`ingest job ${job.id}: the document was deleted`);
    const texts = batch.map((chunk) => indexedText(job.facts.title ?? "", chunk.headingPath, chunk.text));
    if (embedder) await enterStage(context, job, "embed");
    const embeddings = await embedder?.embed(texts, signal);
    if (embedder) progress = { ...progress, embedded: next + batch.length };
    await enterStage(context, job, "index", progress);
    await store.upsert(
      batch.map((chunk, index) => ({
        ...acl,
        id: chunk.id,
        documentId: job.documentId,
        documentVersion: job.version,
        collection,
        language: chunk.language as Language,
        text: texts[index] ?? "",
        ...(embeddings?.[index] ? { embedding: embeddings[index] } : {}),
      })),
    );
    next += batch.length;
    progress = { ...progress, indexed: next };
    await updateJob(db, job, { progress });
  }
  return { ...job, stage: "index", progress };
}

/** What search sees of a chunk: its headings say what it is about, and are not part of what answers quote. */
export function indexedText(title: string, headingPath: readonly string[], text: string): string {
  const path = headingPath[0] === title ? headingPath : [title, ...headingPath];
  return `${path.filter(Boolean).join(" > ")}\n\n${text}`;
}
