import { z } from "zod";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import {
  defaultDimensions,
  summariseUsage,
  type UsageDimension,
  usageDimensions,
  type UsageLine,
} from "@ai-platform/core/usage.ts";
import type { App, AppDeps } from "../deps.ts";
import { toCsv } from "./csv.ts";

const tags = ["usage"];
const dayMs = 86_400_000;

const periodSchema = z
  .object({
    from: z.iso.date().optional().describe("First day, UTC. Default: 30 days back"),
    to: z.iso.date().optional().describe("Last day, UTC, included. Default: today"),
    by: z
      .string()
      .default(defaultDimensions.join(","))
      .transform((list) => list.split(","))
      .pipe(z.array(z.enum(usageDimensions)).min(1))
      .describe(`What to sum by: a comma list of ${usageDimensions.join(", ")}`),
    format: z.enum(["json", "csv"]).default("json"),
  })
  .transform(({ from, to, by, format }) => {
    const end = Date.parse(to ?? new Date().toISOString().slice(0, 10)) + dayMs;
    const start = from === undefined ? end - 31 * dayMs : Date.parse(from);
    return { from: new Date(start), to: new Date(end), by, format };
  })
  .refine(({ from, to }) => from < to, { error: "must not be after `to`", path: ["from"] });

const sums = ["calls", "failures", "cacheHits", "promptTokens", "completionTokens", "cost"] as const;
const columnsOf = (by: readonly UsageDimension[]) => [...by, ...sums] satisfies (keyof UsageLine)[];

const reportSchema = z.object({
  from: z.string(),
  to: z.string().describe("Excluded"),
  lines: z.array(
    z.object({
      ...Object.fromEntries(usageDimensions.map((dimension) => [dimension, z.string().nullish()])),
      calls: z.int(),
      failures: z.int(),
      cacheHits: z.int(),
      promptTokens: z.number(),
      completionTokens: z.number(),
      cost: z.string().describe("US dollars, exact"),
    }),
  ),
});
const response = {
  200: {
    description: "Sums, dearest first",
    content: { "application/json": { schema: reportSchema }, "text/csv": { schema: z.string() } },
  },
};

/** What model calls were used and what they cost: one's own, and a department's for those who keep its books. */
export function usageRoutes(app: App, { database: { db } }: AppDeps): void {
  app.get(
    "/usage",
    {
      config: { permission: "usage:own" },
      schema: { tags, summary: "Your own usage", querystring: periodSchema, response },
    },
    async ({ caller, query: { format, ...period } }, reply) => {
      const lines = await summariseUsage(db, { ...period, tenant: caller.tenant, userId: caller.subject });
      if (format === "csv") return reply.type("text/csv; charset=utf-8").send(toCsv(columnsOf(period.by), lines));
      return report(period, lines);
    },
  );

  app.get(
    "/usage/report",
    {
      config: { permission: "usage:read" },
      schema: { tags, summary: "Usage of the departments you may see", querystring: periodSchema, response },
    },
    async ({ caller, query: { format, ...period } }, reply) => {
      const departments = visibleDepartments(caller);
      const scope = departments === undefined ? {} : { departments };
      const lines = await summariseUsage(db, { ...period, tenant: caller.tenant, ...scope });
      if (format === "csv") return reply.type("text/csv; charset=utf-8").send(toCsv(columnsOf(period.by), lines));
      return report(period, lines);
    },
  );
}

/** `undefined` for all. */
function visibleDepartments(caller: VerifiedCaller): string[] | undefined {
  if (caller.can("usage:read", "*")) return undefined;
  return caller.grants.map(({ department }) => department).filter((code) => caller.can("usage:read", code));
}

function report({ from, to }: { from: Date; to: Date }, lines: UsageLine[]) {
  return { from: from.toISOString(), to: to.toISOString(), lines };
}
