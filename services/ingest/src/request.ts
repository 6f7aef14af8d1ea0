import { z } from "zod";
import { documentAclSchema } from "@ai-platform/core/access/model.ts";

/** Department and collection codes: lower-case, digits and dashes. */
export const codeSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and dashes");

/** Where the bytes of one document are: in `uploads`, by SHA-256. Files, rows and pages are all brought there first. */
export const documentOriginSchema = z.strictObject({
  kind: z.literal("upload"),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  fileName: z.string().max(255),
  /** What a web server said they are. @default by the file name */
  contentType: z.string().max(255).optional(),
});

/** One document to ingest, and under which rights. Stored with the job, so that a retry needs nothing else. */
export const ingestRequestSchema = z.strictObject({
  /** Identity of the document within its tenant; see `documents.source`. */
  source: z.string().min(1).max(2048),
  origin: documentOriginSchema,
  /** @default from the document: its title, first heading or file name */
  title: z.string().min(1).max(500).optional(),
  department: codeSchema,
  /** @default the department */
  collection: codeSchema.optional(),
  /** Required: a document without an ACL is not ingested. */
  acl: documentAclSchema,
});
export type IngestRequest = z.infer<typeof ingestRequestSchema>;

export const ingestStages = ["fetch", "parse", "chunk", "embed", "index", "publish"] as const;
export type IngestStage = (typeof ingestStages)[number];

/** `failed`: the document cannot be ingested as it is. `quarantined`: it broke the worker or an unknown thing, three times. */
export const jobStatuses = ["queued", "running", "done", "failed", "quarantined"] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** Counts for progress bars and job status. Totals are `undefined` until known. */
export interface IngestProgress {
  readonly pages?: number;
  readonly pagesTotal?: number;
  /** Pages with images and almost no text: counted, not indexed as empty. */
  readonly pagesNeedingOcr?: number;
  /** Invisible characters taken out. */
  readonly removedCharacters?: number;
  readonly chunks?: number;
  readonly embedded?: number;
  readonly indexed?: number;
}
