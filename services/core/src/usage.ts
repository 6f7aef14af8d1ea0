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

/** What usage can be summed by. */
export const usageDimensions = ["day", "department", "userId", "keyId", "agent", "model", "deployment"] as const;
export type UsageDimension = (typeof usageDimensions)[number];

/** A line of the usage report: the sums of one combination of the dimensions asked for. */
export interface UsageLine extends Readonly<Partial<Record<UsageDimension, string | null>>> {
  /** All calls, failed ones and answers from the cache included. */
  readonly calls: number;
  readonly failures: number;
  readonly cacheHits: number;
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
  /** @default department, user, agent and model */
  readonly by?: readonly UsageDimension[];
}

export const defaultDimensions: readonly UsageDimension[] = ["department", "userId", "agent", "model"];

const dimensionColumns = {
  day: sql<string>`to_char(${usage.at} at time zone 'utc', 'YYYY-MM-DD')`,
  department: sql<string>`${usage.department}`,
  userId: sql<string>`${usage.userId}`,
  keyId: sql<string | null>`${usage.apiKeyId}`,
  agent: sql<string | null>`${usage.agent}`,
  model: sql<string>`${usage.model}`,
  deployment: sql<string | null>`${usage.deployment}`,
} satisfies Record<UsageDimension, unknown>;

/** Sums the ledger over a period, dearest lines first. */
export async function summariseUsage(db: Db, period: UsagePeriod): Promise<UsageLine[]> {
  const { tenant, from, to, userId, departments, by = defaultDimensions } = period;
  const key = by.map((dimension) => dimensionColumns[dimension]);
  const dimensions: Partial<typeof dimensionColumns> = Object.fromEntries(
    by.map((dimension) => [dimension, dimensionColumns[dimension]]),
  );
  return db
    .select({
      ...dimensions,
      calls: sql<number>`count(*)::int`,
      failures: sql<number>`count(*) filter (where ${usage.outcome} = 'failure')::int`,
      cacheHits: sql<number>`count(*) filter (where ${usage.outcome} = 'cache_hit')::int`,
      promptTokens: sql<number>`coalesce(sum(${usage.promptTokens}), 0)::float8`,
      completionTokens: sql<number>`coalesce(sum(${usage.completionTokens}), 0)::float8`,
      cost: sql<string>`coalesce(sum(${usage.cost}), 0)::text`,
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
    .orderBy(desc(sql`coalesce(sum(${usage.cost}), 0)`), ...key);
}
