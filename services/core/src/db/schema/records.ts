import { bigint, bigserial, index, integer, jsonb, numeric, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** One row per model call; the request id makes writing it twice harmless. */
export const usage = pgTable(
  "usage",
  {
    requestId: text("request_id").primaryKey(),
    at: timestamp({ withTimezone: true }).notNull().defaultNow(),
    tenant: text().notNull(),
    userId: text("user_id").notNull(),
    department: text().notNull(),
    apiKeyId: text("api_key_id"),
    /** Agent name, or `null` for a direct call through the gateway. */
    agent: text(),
    /** Model group asked for, such as `chat`. */
    model: text().notNull(),
    /** Deployment that answered, where the gateway says. */
    deployment: text(),
    promptTokens: integer("prompt_tokens").notNull(),
    completionTokens: integer("completion_tokens").notNull(),
    /** US dollars; exact decimals, because sums must equal the bill. */
    cost: numeric({ precision: 20, scale: 12 }).notNull(),
    /** `success | failure | cache_hit`. */
    outcome: text().notNull().default("success"),
  },
  (t) => [index("usage_day").on(t.tenant, t.at), index("usage_department").on(t.department, t.at)],
);

/** Append-only audit trail: each row carries the hash of the one before it, and triggers refuse UPDATE and DELETE. */
export const audit = pgTable("audit", {
  seq: bigserial({ mode: "number" }).primaryKey(),
  at: timestamp({ withTimezone: true }).notNull(),
  tenant: text().notNull(),
  /** `user:<sub>`, `key:<id>`, `client:<id>`, `anonymous` or `system`. */
  actor: text().notNull(),
  /** Dotted verb, such as `auth.sign-in`, `document.acl-changed`, `agent.answered`. */
  action: text().notNull(),
  target: text().notNull(),
  outcome: text().notNull(),
  /** Identifiers and counts only: no prompts, no tokens, no document text. */
  detail: jsonb().notNull(),
  prevHash: text("prev_hash").notNull(),
  hash: text().notNull(),
});

/** The end of the audit chain, in one row: without it the removal of the newest rows would leave a shorter, valid chain. */
export const auditHead = pgTable("audit_head", {
  id: integer().primaryKey(),
  rows: bigint({ mode: "number" }).notNull(),
  hash: text().notNull(),
});
