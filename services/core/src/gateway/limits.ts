import { and, eq, gte, or, sql } from "drizzle-orm";
import type { Db } from "../db/database.ts";
import { limits, modelPolicies, usage } from "../db/schema/index.ts";

export const limitScopes = ["department", "user", "key"] as const;
export type LimitScope = (typeof limitScopes)[number];

/** What one department, user or key may do; a missing member is no limit. */
export interface Limit {
  readonly softBudget?: number | undefined;
  readonly hardBudget?: number | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly concurrentRequests?: number | undefined;
}

/** A limit with what was spent of it this month, in US dollars. */
export interface LimitState extends Limit {
  readonly scope: LimitScope;
  readonly subject: string;
  readonly spent: number;
}

/** Whose limits apply to a call. */
export interface Spender {
  readonly tenant: string;
  readonly department: string;
  readonly user: string;
  readonly key?: string | undefined;
}

/** Replaces a limit; an empty one removes it. */
export async function setLimit(db: Db, tenant: string, scope: LimitScope, subject: string, limit: Limit) {
  const values = {
    softBudget: limit.softBudget ?? null,
    hardBudget: limit.hardBudget ?? null,
    requestsPerMinute: limit.requestsPerMinute ?? null,
    concurrentRequests: limit.concurrentRequests ?? null,
  };
  const place = and(eq(limits.tenant, tenant), eq(limits.scope, scope), eq(limits.subject, subject));
  if (Object.values(values).every((value) => value === null)) {
    await db.delete(limits).where(place);
    return;
  }
  await db
    .insert(limits)
    .values({ tenant, scope, subject, ...values })
    .onConflictDoUpdate({ target: [limits.tenant, limits.scope, limits.subject], set: values });
}

/** Limits set in a tenant. */
export async function listLimits(db: Db, tenant: string): Promise<LimitState[]> {
  const rows = await db.select().from(limits).where(eq(limits.tenant, tenant)).orderBy(limits.scope, limits.subject);
  return withSpending(db, rows);
}

/** The limits that bind a call, each with what is spent of it. */
export async function limitsOf(db: Db, spender: Spender): Promise<LimitState[]> {
  const subjects: [LimitScope, string | undefined][] = [
    ["department", spender.department],
    ["user", spender.user],
    ["key", spender.key],
  ];
  const named = subjects.flatMap(([scope, subject]) =>
    subject === undefined ? [] : [and(eq(limits.scope, scope), eq(limits.subject, subject))],
  );
  const rows = await db
    .select()
    .from(limits)
    .where(and(eq(limits.tenant, spender.tenant), or(...named)));
  return withSpending(db, rows);
}

async function withSpending(db: Db, rows: readonly (typeof limits.$inferSelect)[]): Promise<LimitState[]> {
  return Promise.all(rows.map(async (row) => ({ ...toLimit(row), spent: await spentThisMonth(db, row) })));
}

function toLimit(row: typeof limits.$inferSelect) {
  return {
    scope: row.scope as LimitScope,
    subject: row.subject,
    softBudget: row.softBudget ?? undefined,
    hardBudget: row.hardBudget ?? undefined,
    requestsPerMinute: row.requestsPerMinute ?? undefined,
    concurrentRequests: row.concurrentRequests ?? undefined,
  };
}

const subjectColumn = { department: usage.department, user: usage.userId, key: usage.apiKeyId } as const;

async function spentThisMonth(db: Db, row: { tenant: string; scope: string; subject: string }): Promise<number> {
  const [sum] = await db
    .select({ dollars: sql<string>`coalesce(sum(${usage.cost}), 0)` })
    .from(usage)
    .where(
      and(
        eq(usage.tenant, row.tenant),
        eq(subjectColumn[row.scope as LimitScope], row.subject),
        gte(usage.at, sql`date_trunc('month', now() at time zone 'utc') at time zone 'utc'`),
      ),
    );
  return Number(sum?.dollars ?? 0);
}

/** How a department may use models. */
export interface ModelPolicy {
  /** Model roles; `null` for all that are served. */
  readonly models: readonly string[] | null;
  readonly confidential: boolean;
}

/** The department's policy; without one, every model and nothing confidential. */
export async function modelPolicyOf(db: Db, tenant: string, department: string): Promise<ModelPolicy> {
  const [row] = await db
    .select({ models: modelPolicies.models, confidential: modelPolicies.confidential })
    .from(modelPolicies)
    .where(and(eq(modelPolicies.tenant, tenant), eq(modelPolicies.department, department)));
  return row ?? { models: null, confidential: false };
}

export async function setModelPolicy(db: Db, tenant: string, department: string, policy: ModelPolicy): Promise<void> {
  const values = { models: policy.models === null ? null : [...policy.models], confidential: policy.confidential };
  await db
    .insert(modelPolicies)
    .values({ tenant, department, ...values })
    .onConflictDoUpdate({ target: [modelPolicies.tenant, modelPolicies.department], set: values });
}
