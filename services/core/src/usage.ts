import { and, desc, eq, gte, inArray, lt, sql } from "drizzle-orm";
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
      setWhere: sql`${usage.outcome} = 'failure' and excluded.outcome <> 'failure'`,
    })
    .returning({ requestId: usage.requestId });
  return written.length === 1;
}

/** A line of the usage report: one department, user, agent and model over the period. */
export interface UsageLine {
  readonly department: string;
  readonly userId: string;
  readonly agent: string | null;
  readonly model: string;
  readonly calls: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** US dollars, exact decimals. */
  readonly cost: string;
}

export interface UsagePeriod {
  readonly tenant: string;
  /** Included. */
  readonly from: Date;
  /** Excluded. */
  readonly to: Date;
  readonly userId?: string;
  /** @default every department */
  readonly departments?: readonly string[];
}

/** Sums the ledger over a period, dearest lines first. */
export async function summariseUsage(db: Db, period: UsagePeriod): Promise<UsageLine[]> {
  const { tenant, from, to, userId, departments } = period;
  const key = [usage.department, usage.userId, usage.agent, usage.model] as const;
  const cost = sql<string>`sum(${usage.cost})::text`;
  return db
    .select({
      department: usage.department,
      userId: usage.userId,
      agent: usage.agent,
      model: usage.model,
      calls: sql<number>`count(*)::int`,
      promptTokens: sql<number>`sum(${usage.promptTokens})::float8`,
      completionTokens: sql<number>`sum(${usage.completionTokens})::float8`,
      cost,
    })
    .from(usage)
    .where(
      and(
        eq(usage.tenant, tenant),
        gte(usage.at, from),
        lt(usage.at, to),
        userId === undefined ? undefined : eq(usage.userId, userId),
        departments === undefined ? undefined : inArray(usage.department, [...departments]),
      ),
    )
    .groupBy(...key)
    .orderBy(desc(sql`sum(${usage.cost})`), ...key);
}
