import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { and, eq, inArray } from "drizzle-orm";
import type { Db } from "@ai-platform/core/db/database.ts";
import { documents } from "@ai-platform/core/db/schema/index.ts";
import { submitDocument } from "@ai-platform/ingest/jobs.ts";
import { sampleDocuments } from "../../sample/manifest.ts";

const folder = new URL("../../sample/", import.meta.url);
const sourceOf = (file: string) => `file:sample/${file}`;

/**
 * Hands the sample corpus to ingestion, but for what was handed in before: a document that somebody deleted stays
 * deleted. Returns how many documents are new.
 */
export async function submitSample(db: Db, tenant: string): Promise<number> {
  const sources = sampleDocuments.map(({ file }) => sourceOf(file));
  const rows = await db
    .select({ source: documents.source })
    .from(documents)
    .where(and(eq(documents.tenant, tenant), inArray(documents.source, sources)));
  const known = new Set(rows.map(({ source }) => source));
  const missing = sampleDocuments.filter(({ file }) => !known.has(sourceOf(file)));
  for (const { file, department, acl } of missing) {
    const bytes = await readFile(new URL(file, folder));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await submitDocument(db, {
      tenant,
      createdBy: "system",
      request: {
        source: sourceOf(file),
        origin: { kind: "upload", sha256, fileName: basename(file) },
        department,
        acl,
      },
      bytes,
    });
  }
  return missing.length;
}
