import { and, eq, sql } from "drizzle-orm";
import type { Db } from "./db/database.ts";
import { usage } from "./db/schema/index.ts";

export interface UsageRow {
  /** Unique per model call: recording it twice counts once. */
  readonly requestId: string;
  /** @default now */
  readonly at?: Date;
  readonly tenant: string;
  readonly userId: string;
  readonly department: string;
  readonly apiKeyId?: string;
  /** Agent that called the model; none for a direct call through the gateway. */
  readonly agent?: string;
  readonly model: string;
  readonly deployment?: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** US dollars, as a number or as exact decimals. */
  readonly cost: number | string;
  /** @default "success" */
  readonly outcome?: "success" | "failure" | "cache_hit";
}

/**
 * Writes one model call to the ledger. Says whether it changed anything: sending a row twice counts once, and the
 * success of a retried call replaces the failure that was reported before it.
 */
export async function recordUsage(db: Db, row: UsageRow): Promise<boolean> {
  const cost = typeof row.cost === "number" ? row.cost.toFixed(12) : row.cost;
  const values = { ...row, cost };
  const written = await db
    .insert(usage)
    .values(values)
    .onConflictDoUpdate({
      target: usage.requestId,
      set: values,
      setWhere: and(eq(usage.outcome, "failure"), sql`excluded.outcome <> 'failure'`),
    })
    .returning({ requestId: usage.requestId });
  return written.length === 1;
}
