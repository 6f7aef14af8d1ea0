import multipart from "@fastify/multipart";
import { and, eq, isNull } from "drizzle-orm";
import { z } from "zod";
import { getAcl, setAcl } from "@ai-platform/core/access/acl-store.ts";
import { documentAclSchema, type DocumentAcl } from "@ai-platform/core/access/model.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { documents } from "@ai-platform/core/db/schema/index.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import type { Permission } from "@ai-platform/core/identity/permissions.ts";
import { getJob, sha256, submitDocument } from "@ai-platform/ingest/jobs.ts";
import { mediaTypeOf } from "@ai-platform/ingest/parse/media-type.ts";
import { sameAcl, syncAcl } from "@ai-platform/ingest/publish.ts";
import { deleteDocument } from "@ai-platform/ingest/removal.ts";
import type { App, AppDeps } from "../deps.ts";
import { formLimits, maxFileBytes, readUploadForm, uploadSchema } from "./document-form.ts";
import { documentPageSchema, jobSchema, passagePageSchema, submittedSchema } from "./document-schemas.ts";

const tags = ["documents"];
const idParams = z.object({ id: z.uuid() });

/** Documents: handing in, reading what one may read, sharing and deleting. */
export async function documentRoutes(app: App, deps: AppDeps): Promise<void> {
  await app.register(multipart, { limits: formLimits, throwFileSizeLimit: true });
  writingRoutes(app, deps);
  readingRoutes(app, deps);
}

function readingRoutes(app: App, { database: { db }, retriever }: AppDeps): void {
  app.get(
    "/documents",
    {
      config: { permission: "documents:list" },
      schema: {
        tags,
        summary: "Documents you may read, by title",
        querystring: z.object({
          after: z.uuid().optional(),
          limit: z.coerce.number().int().min(1).max(500).default(100),
        }),
        response: { 200: documentPageSchema },
      },
    },
    async ({ caller, query: { after, limit } }) => {
      const found = await retriever.list(caller, { limit, ...(after ? { after } : {}) });
      const last = found.length === limit ? found.at(-1) : undefined;
      return {
        documents: found.map((document) => ({ ...document, updatedAt: document.updatedAt.toISOString() })),
        ...(last ? { next: last.id } : {}),
      };
    },
  );

  app.get(
    "/documents/:id",
    {
      config: { permission: "documents:list" },
      schema: {
        tags,
        summary: "Text of a document you may read, passage by passage",
        params: idParams,
        querystring: z.object({
          from: z.coerce.number().int().min(0).default(0).describe("Ordinal of the first passage"),
          limit: z.coerce.number().int().min(1).max(500).default(50),
        }),
        response: { 200: passagePageSchema },
      },
    },
    async ({ caller, params: { id }, query }) => {
      const passages = await retriever.read(caller, id, query);
      const last = passages.length === query.limit ? passages.at(-1) : undefined;
      return { documentId: id, passages: [...passages], ...(last ? { next: last.ordinal + 1 } : {}) };
    },
  );

  app.get(
    "/documents/jobs/:id",
    {
      config: { permission: "documents:write" },
      schema: { tags, summary: "Where an ingest job stands", params: idParams, response: { 200: jobSchema } },
    },
    async ({ caller, params: { id } }) => {
      const job = await getJob(db, caller.tenant, id);
      const isTheirs = job.createdBy === actorOf(caller) || caller.can("documents:write", job.department);
      // The same words as for a job that is not there.
      if (!isTheirs) throw new Problem("not-found", `There is no ingest job ${id}.`);
      return { ...job, createdAt: job.createdAt.toISOString(), updatedAt: job.updatedAt.toISOString() };
    },
  );
}

function writingRoutes(app: App, { database: { db }, store }: AppDeps): void {
  app.post(
    "/documents",
    {
      config: { permission: "documents:write" },
      bodyLimit: maxFileBytes + 1024 * 1024,
      preValidation: readUploadForm,
      schema: {
        tags,
        summary: "Hand in a document",
        description: "The same bytes for the same department are the same document: only its rights are changed.",
        consumes: ["multipart/form-data"],
        body: uploadSchema,
        response: { 202: submittedSchema },
      },
    },
    async ({ caller, body }, reply) => {
      const { file, department, collection, title, allow, deny, level } = body;
      caller.require("documents:write", department);
      requireLevel(caller, level);
      const bytes = new Uint8Array(await file.arrayBuffer());
      mediaTypeOf(file.name, bytes);
      const hash = sha256(bytes);
      const source = `upload:${department}:${hash}`;
      const acl: DocumentAcl = { allow, deny, level };
      await requireShareToChange(db, caller, source, acl);
      const submitted = await submitDocument(db, {
        tenant: caller.tenant,
        createdBy: actorOf(caller),
        bytes,
        request: {
          source,
          origin: { kind: "upload", sha256: hash, fileName: file.name.slice(-255) },
          department,
          acl,
          ...(collection ? { collection } : {}),
          ...(title ? { title } : {}),
        },
      });
      return reply.code(202).header("location", `/documents/jobs/${submitted.jobId}`).send(submitted);
    },
  );

  app.put(
    "/documents/:id/acl",
    {
      config: { permission: "documents:share" },
      schema: {
        tags,
        summary: "Set who may read a document",
        description: "What it takes away holds from the answer on; what it gives is found a moment later.",
        params: idParams,
        body: documentAclSchema,
        response: { 200: z.object({ aclVersion: z.int() }) },
      },
    },
    async ({ caller, params: { id }, body }) => {
      await requireOwned(db, caller, id, "documents:share");
      requireLevel(caller, body.level);
      const aclVersion = await setAcl(db, id, body, actorOf(caller));
      // Where the index does not answer, the sync of all rights catches up.
      await syncAcl({ db, store }, id).catch(() => undefined);
      return { aclVersion };
    },
  );

  app.delete(
    "/documents/:id",
    {
      config: { permission: "documents:write" },
      schema: { tags, summary: "Delete a document", params: idParams, response: { 204: z.null() } },
    },
    async ({ caller, params: { id } }, reply) => {
      await requireOwned(db, caller, id, "documents:write");
      await deleteDocument({ db, store }, { tenant: caller.tenant, documentId: id, actor: actorOf(caller) });
      return reply.code(204).send(null);
    },
  );
}

function actorOf(caller: VerifiedCaller): string {
  return `user:${caller.subject}`;
}

/** Nobody sets a level above their own, for they could not see what they did. */
function requireLevel(caller: VerifiedCaller, level: number): void {
  if (level <= caller.clearance) return;
  throw new Problem("forbidden", `\`level\` is ${level}; your clearance is ${caller.clearance}.`, {
    errors: [{ field: "/level", message: `must be at most ${caller.clearance}` }],
  });
}

/** A document the caller may act on: of a department where they hold the permission, and not above their clearance. */
async function requireOwned(db: Db, caller: VerifiedCaller, id: string, permission: Permission): Promise<void> {
  const [document] = await db
    .select({ department: documents.department })
    .from(documents)
    .where(and(eq(documents.id, id), eq(documents.tenant, caller.tenant), isNull(documents.deletedAt)));
  const acl = document && (await getAcl(db, id));
  if (!acl || acl.level > caller.clearance || !caller.can(permission, document.department)) {
    throw new Problem("not-found", `There is no document ${id}, or you may not change it.`);
  }
}

/** Handing in what is there already changes its rights: that takes what changing them takes. */
async function requireShareToChange(db: Db, caller: VerifiedCaller, source: string, acl: DocumentAcl): Promise<void> {
  const [document] = await db
    .select({ id: documents.id, department: documents.department })
    .from(documents)
    .where(and(eq(documents.tenant, caller.tenant), eq(documents.source, source), isNull(documents.deletedAt)));
  const present = document && (await getAcl(db, document.id));
  if (present && !sameAcl(present, acl)) await requireOwned(db, caller, document.id, "documents:share");
}
