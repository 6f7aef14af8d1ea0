import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { documentAclSchema, levelSchema } from "@ai-platform/core/access/model.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import { defaultLimits, largestDocument } from "@ai-platform/ingest/limits.ts";
import { codeSchema } from "@ai-platform/ingest/request.ts";

/** Bytes of the largest file that can be sent; each kind of document has its own limit below it. */
export const maxFileBytes = largestDocument(defaultLimits);
/** A form may carry as many principals as an ACL takes, and a few fields more. */
export const formLimits = { files: 1, fileSize: maxFileBytes, fields: 600, fieldSize: 4_096, fieldNameSize: 64 };

/** Fields that may come more than once. */
const lists = ["allow", "deny"] as const;

/** The upload form once it is read. */
export const uploadSchema = z.strictObject({
  file: z.file().describe("PDF, TXT, MD or HTML; the bytes must be what the name says"),
  department: codeSchema.describe("Owning department"),
  collection: codeSchema.optional().describe("Collection that agents search; the department unless given"),
  title: z.string().min(1).max(500).optional().describe("Wins over the document's own title"),
  allow: documentAclSchema.shape.allow.describe("Principals that may read; repeat the field. None: nobody"),
  deny: documentAclSchema.shape.deny.describe("Principals that may not, whatever `allow` says; repeat the field"),
  level: z.coerce.number().pipe(levelSchema).describe("0 public to 3 restricted; you must hold it yourself"),
});

/** Reads a multipart form into the body, so that one schema checks, types and documents it. */
export async function readUploadForm(request: FastifyRequest): Promise<void> {
  if (!request.isMultipart()) throw new Problem("unsupported-media", "Send the document as multipart/form-data.");
  const body: Record<string, unknown> = { allow: [], deny: [] };
  for await (const part of request.parts()) {
    if (part.type === "file") {
      const fileName = part.filename || "unnamed";
      const bytes = await part.toBuffer().catch((error: unknown) => {
        throw fileProblem(fileName, error);
      });
      body[part.fieldname] = new File([new Uint8Array(bytes)], fileName);
    } else if (isList(part.fieldname)) {
      (body[part.fieldname] as unknown[]).push(part.value);
    } else {
      body[part.fieldname] = part.value;
    }
  }
  request.body = body;
}

function isList(name: string): boolean {
  return (lists as readonly string[]).includes(name);
}

function fileProblem(fileName: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "FST_REQ_FILE_TOO_LARGE") return error;
  return new Problem("too-large", `${fileName} has more than ${maxFileBytes} bytes.`, {
    errors: [{ field: "/file", message: `must have at most ${maxFileBytes} bytes` }],
    cause: error,
  });
}
