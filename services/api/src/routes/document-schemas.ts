import { z } from "zod";
import { languages } from "@ai-platform/core/vector/store.ts";
import { ingestStages, jobStatuses } from "@ai-platform/ingest/request.ts";

/** What the document routes answer. */
export const submittedSchema = z.object({ jobId: z.uuid(), documentId: z.uuid() });

export const documentPageSchema = z.object({
  documents: z.array(
    z.object({
      id: z.uuid(),
      title: z.string(),
      collection: z.string(),
      department: z.string(),
      source: z.string(),
      language: z.string(),
      level: z.int(),
      updatedAt: z.iso.datetime(),
    }),
  ),
  next: z.uuid().optional().describe("Send as `after` for the next page"),
});

const text = z.string().optional();

export const passagePageSchema = z.object({
  documentId: z.uuid(),
  passages: z.array(
    z.object({
      chunkId: z.uuid(),
      ordinal: z.int(),
      title: z.string(),
      source: z.string(),
      collection: z.string(),
      headingPath: z.array(z.string()).readonly(),
      text: z.string(),
      pageFrom: z.int().nullable(),
      pageTo: z.int().nullable(),
      language: z.enum(languages),
      meta: z.object({
        law: text,
        lawTitle: text,
        article: text,
        promulgation: text,
        inForceFrom: text,
        inForceTo: text,
        gazette: text,
      }),
    }),
  ),
  next: z.int().optional().describe("Send as `from` for the next page"),
});

const count = z.int().optional();

export const jobSchema = z.object({
  id: z.uuid(),
  documentId: z.uuid(),
  source: z.string(),
  department: z.string(),
  stage: z.enum(ingestStages),
  status: z.enum(jobStatuses),
  attempts: z.int(),
  progress: z.object({
    pages: count,
    pagesTotal: count,
    pagesNeedingOcr: count,
    removedCharacters: count,
    chunks: count,
    embedded: count,
    indexed: count,
  }),
  problem: z.object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() }).nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
