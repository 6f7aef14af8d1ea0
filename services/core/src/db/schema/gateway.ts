import { boolean, integer, numeric, pgTable, primaryKey, text } from "drizzle-orm/pg-core";

const dollars = (name: string) => numeric(name, { precision: 14, scale: 6, mode: "number" });

/** What a department, a user or an API key may spend and how fast. No row: no limit. The tightest one holds. */
export const limits = pgTable(
  "limits",
  {
    tenant: text().notNull(),
    /** `department | user | key`. */
    scope: text().notNull(),
    /** Department code, user id or API key id. */
    subject: text().notNull(),
    /** US dollars a calendar month (UTC) from which callers are warned. */
    softBudget: dollars("soft_budget"),
    /** US dollars a calendar month (UTC) from which calls are refused. */
    hardBudget: dollars("hard_budget"),
    requestsPerMinute: integer("requests_per_minute"),
    /** Calls at a time. */
    concurrentRequests: integer("concurrent_requests"),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.scope, t.subject] })],
);

/** How a department may use models. No row: every model role, nothing confidential. */
export const modelPolicies = pgTable(
  "model_policies",
  {
    tenant: text().notNull(),
    department: text().notNull(),
    /** Model roles the department may use; `null` for all. */
    models: text().array(),
    /** Its prompts must not leave the company, not even as a fallback. */
    confidential: boolean().notNull().default(false),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.department] })],
);
