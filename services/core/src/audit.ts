import { createHash } from "node:crypto";
import { asc, eq, gt } from "drizzle-orm";
import type { Db } from "./db/database.ts";
import { audit, auditHead } from "./db/schema/index.ts";
import type { VerifiedCaller } from "./identity/caller.ts";

export interface AuditEntry {
  readonly tenant: string;
  /** `user:<sub>`, `key:<id>`, `client:<id>`, `anonymous` or `system`. */
  readonly actor: string;
  /** Dotted verb, such as `auth.sign-in`. */
  readonly action: string;
  readonly target: string;
  readonly outcome: "success" | "failure" | "denied";
  /** Identifiers and counts only: no prompts, no tokens, no document text. @default {} */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The caller as the audit trail names them. */
export function auditActor({ credential, subject }: VerifiedCaller): string {
  if (credential.kind === "api-key") return `key:${credential.keyId}`;
  if (credential.kind === "client") return `client:${credential.clientId}`;
  return `user:${subject}`;
}

/**
 * Appends an entry to the chain. Callers queue on the head row until the transaction ends, so that the chain has one
 * order: inside a transaction of your own, call it last.
 */
export async function appendAudit(db: Db, entry: AuditEntry): Promise<void> {
  // As it will be read back: without `undefined`, dates as text, and without NUL, which jsonb refuses.
  const detail = JSON.parse(JSON.stringify(entry.detail ?? {}), (_key, value: unknown) =>
    typeof value === "string" ? value.replaceAll("\0", "") : value,
  ) as Record<string, unknown>;
  await db.transaction(async (tx) => {
    const [head] = await tx.select().from(auditHead).where(eq(auditHead.id, 1)).for("update");
    if (!head) throw new Error("audit_head has no row; the migrations of this database are incomplete");
    const { tenant, actor, action, target, outcome } = entry;
    const row = { at: new Date(), tenant, actor, action, target, outcome, detail };
    const hash = hashRow(head.hash, row);
    await tx.insert(audit).values({ ...row, prevHash: head.hash, hash });
    await tx
      .update(auditHead)
      .set({ rows: head.rows + 1, hash })
      .where(eq(auditHead.id, 1));
  });
}

export interface AuditReport {
  /** Rows read, up to the first broken one. */
  readonly rows: number;
  /** Hash of the newest row. Noted elsewhere, it proves later that history was not rewritten as a whole. */
  readonly head: string;
  /** The first row that does not follow from the one before it. */
  readonly broken?: { readonly seq: number; readonly reason: string };
}

/** Walks the whole chain and names the first row that was changed, removed or put in. */
export async function verifyAudit(db: Db, pageSize = 1000): Promise<AuditReport> {
  // One snapshot, so that rows appended meanwhile do not look like a wrong head.
  return db.transaction(
    async (tx) => {
      let previous = "";
      let rows = 0;
      let seq = 0;
      for (;;) {
        const page = await tx.select().from(audit).where(gt(audit.seq, seq)).orderBy(asc(audit.seq)).limit(pageSize);
        for (const row of page) {
          const reason =
            row.prevHash !== previous
              ? "does not follow the row before it: a row was removed, put in or moved"
              : row.hash !== hashRow(previous, row)
                ? "was changed after it was written"
                : undefined;
          if (reason) return { rows, head: previous, broken: { seq: row.seq, reason } };
          previous = row.hash;
          seq = row.seq;
          rows += 1;
        }
        if (page.length < pageSize) break;
      }
      const [head] = await tx.select().from(auditHead).where(eq(auditHead.id, 1));
      if (head?.rows === rows && head.hash === previous) return { rows, head: previous };
      const reason = `is missing: the chain ends after ${rows} rows where ${head?.rows ?? "an unknown number of"} were written`;
      return { rows, head: previous, broken: { seq: seq + 1, reason } };
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}

interface HashedFields {
  readonly at: Date;
  readonly tenant: string;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly outcome: string;
  readonly detail: unknown;
}

function hashRow(previous: string, { at, tenant, actor, action, target, outcome, detail }: HashedFields): string {
  const fields = { at: at.toISOString(), tenant, actor, action, target, outcome, detail };
  return createHash("sha256")
    .update(`${previous}\n${canonicalJson(fields)}`)
    .digest("hex");
}

/** JSON with sorted keys and no spaces, as RFC 8785 has it: jsonb does not keep the order of keys. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
