import { and, asc, eq } from "drizzle-orm";
import type { Db } from "@ai-platform/core/db/database.ts";
import { chunks, documents, uploads } from "@ai-platform/core/db/schema/index.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { getJob, sha256, submitDocument, type Job, type Submission } from "@ai-platform/ingest/jobs.ts";
import type { IngestRequest } from "@ai-platform/ingest/request.ts";

export const everybody: IngestRequest["acl"] = { allow: ["tenant:all"], deny: [], level: 0 };

/** A Markdown submission with what the test changes. */
export function submission(tenant: string, text: string, changes: Partial<IngestRequest> = {}): Submission {
  const bytes = new TextEncoder().encode(text);
  return {
    tenant,
    createdBy: "system",
    bytes,
    request: {
      source: "file:handbook.md",
      origin: { kind: "upload", sha256: sha256(bytes), fileName: "handbook.md" },
      department: "hr",
      acl: everybody,
      ...changes,
    },
  };
}

export async function submitText(db: Db, ...given: Parameters<typeof submission>): Promise<string> {
  return (await submitDocument(db, submission(...given))).jobId;
}

/** A document of so many sections, each a chunk of its own or nearly so. */
export function longText(sections: number, word = "congé"): string {
  const section = (index: number) =>
    `## Partie ${index}\n\n${`Le ${word} numéro ${index} est accordé par le chef de service. `.repeat(25)}`;
  return `# Manuel\n\n${Array.from({ length: sections }, (_, index) => section(index)).join("\n\n")}\n`;
}

/** All that Postgres and the index hold for a tenant's document. */
export interface DocumentState {
  readonly documentId: string;
  readonly liveVersion: number | null;
  readonly title: string;
  /** Text of every stored chunk, whatever its version, by id. */
  readonly chunks: readonly { readonly id: string; readonly version: number; readonly text: string }[];
  readonly points: readonly string[];
  readonly uploads: number;
}

export async function documentState(
  db: Db,
  store: VectorStore,
  tenant: string,
  source = "file:handbook.md",
): Promise<DocumentState> {
  const [document] = await db
    .select()
    .from(documents)
    .where(and(eq(documents.tenant, tenant), eq(documents.source, source)));
  if (!document) throw new Error(`no document ${source}`);
  const rows = await db
    .select({ id: chunks.id, version: chunks.version, text: chunks.text })
    .from(chunks)
    .where(eq(chunks.documentId, document.id))
    .orderBy(asc(chunks.version), asc(chunks.ordinal));
  const points = (await listPoints(store)).filter((hit) => hit.documentId === document.id);
  return {
    documentId: document.id,
    liveVersion: document.liveVersion,
    title: document.title,
    chunks: rows,
    points: points.map((hit) => hit.chunkId).sort(),
    uploads: await db.$count(uploads, eq(uploads.tenant, tenant)),
  };
}

export async function listPoints(store: VectorStore) {
  const points = [];
  for (let after: string | undefined; ;) {
    const page = await store.list(after, 500);
    const last = page.at(-1);
    if (!last) return points;
    points.push(...page);
    after = last.chunkId;
  }
}

/** Waits for a job to end in any way. */
export async function jobEnd(db: Db, tenant: string, jobId: string): Promise<Job> {
  for (;;) {
    const job = await getJob(db, tenant, jobId);
    if (job.status !== "queued" && job.status !== "running") return job;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
