import { and, desc, eq, lt } from "drizzle-orm";
import { z } from "zod";
import { verifyAudit } from "@ai-platform/core/audit.ts";
import { audit } from "@ai-platform/core/db/schema/index.ts";
import type { App, AppDeps } from "../deps.ts";

const tags = ["audit"];

const pageSchema = z.object({
  entries: z.array(
    z.object({
      seq: z.int(),
      at: z.string(),
      actor: z.string(),
      action: z.string(),
      target: z.string(),
      outcome: z.string(),
      detail: z.record(z.string(), z.unknown()),
      hash: z.string(),
    }),
  ),
  next: z.int().nullable().describe("`before` of the next page"),
});

/** The audit trail, for auditors of all departments: who did what, never what was said. */
export function auditRoutes(app: App, { database: { db } }: AppDeps): void {
  app.get(
    "/audit",
    {
      config: { permission: "audit:read" },
      schema: {
        tags,
        summary: "Entries of the audit trail, newest first",
        querystring: z.object({
          before: z.coerce.number().int().min(1).optional(),
          limit: z.coerce.number().int().min(1).max(500).default(100),
          action: z.string().max(128).optional(),
          actor: z.string().max(256).optional(),
          target: z.string().max(256).optional(),
        }),
        response: { 200: pageSchema },
      },
    },
    async ({ caller, query: { before, limit, ...wanted } }) => {
      caller.require("audit:read", "*");
      const rows = await db
        .select()
        .from(audit)
        .where(
          and(
            eq(audit.tenant, caller.tenant),
            before === undefined ? undefined : lt(audit.seq, before),
            ...(["action", "actor", "target"] as const).map((column) =>
              wanted[column] === undefined ? undefined : eq(audit[column], wanted[column]),
            ),
          ),
        )
        .orderBy(desc(audit.seq))
        .limit(limit);
      const entries = rows.map(({ tenant: _tenant, prevHash: _prevHash, at, detail, ...row }) => ({
        ...row,
        at: at.toISOString(),
        detail: detail as Record<string, unknown>,
      }));
      return { entries, next: rows.length < limit ? null : (rows.at(-1)?.seq ?? null) };
    },
  );

  app.get(
    "/audit/verification",
    {
      config: { permission: "audit:read" },
      schema: {
        tags,
        summary: "Whether the audit trail is whole",
        description:
          "Reads the whole chain. Note `head` elsewhere: a later chain that does not contain it was rewritten.",
        response: {
          200: z.object({
            rows: z.int(),
            head: z.string(),
            broken: z.object({ seq: z.int(), reason: z.string() }).optional(),
          }),
        },
      },
    },
    async ({ caller }) => {
      caller.require("audit:read", "*");
      return verifyAudit(db);
    },
  );
}
