import { z } from "zod";
import { modelRoleSchema } from "@ai-platform/core/models/model-client.ts";
import { appendAudit } from "@ai-platform/core/audit.ts";
import { limitScopes, listLimits, modelPolicyOf, setLimit, setModelPolicy } from "@ai-platform/core/gateway/limits.ts";
import type { App, AppDeps } from "../deps.ts";

const tags = ["budgets"];
const dollars = z.number().min(0).max(1_000_000);

const limitSchema = z.strictObject({
  softBudget: dollars.optional().describe("US dollars a calendar month from which callers are warned"),
  hardBudget: dollars.optional().describe("US dollars a calendar month from which calls are refused"),
  requestsPerMinute: z.int().min(1).max(1_000_000).optional(),
  concurrentRequests: z.int().min(1).max(10_000).optional(),
});
const limitStateSchema = limitSchema.extend({
  scope: z.enum(limitScopes),
  subject: z.string(),
  spent: z.number().describe("US dollars this month"),
});
const policySchema = z.strictObject({
  models: z.array(z.string()).nullable().describe("Model roles the department may use; null for all"),
  confidential: z.boolean().describe("Prompts must not leave the company, not even as a fallback"),
});

/** Budgets, rates and model rights of departments, users and keys. */
export function limitRoutes(app: App, { database: { db } }: AppDeps): void {
  app.get(
    "/limits",
    {
      config: { permission: "usage:read" },
      schema: { tags, summary: "Limits with what was spent of them", response: { 200: z.array(limitStateSchema) } },
    },
    ({ caller }) => listLimits(db, caller.tenant),
  );

  app.put(
    "/limits/:scope/:subject",
    {
      config: { permission: "keys:manage" },
      schema: {
        tags,
        summary: "Set the limits of a department, user or key; an empty object removes them",
        params: z.object({ scope: z.enum(limitScopes), subject: z.string().min(1).max(128) }),
        body: limitSchema.refine(
          ({ softBudget, hardBudget }) =>
            softBudget === undefined || hardBudget === undefined || softBudget <= hardBudget,
          { error: "softBudget must not be above hardBudget", path: ["softBudget"] },
        ),
        response: { 204: z.null() },
      },
    },
    async ({ caller, params, body }, reply) => {
      await setLimit(db, caller.tenant, params.scope, params.subject, body);
      await appendAudit(db, {
        tenant: caller.tenant,
        actor: `user:${caller.subject}`,
        action: "limits.changed",
        target: `${params.scope}:${params.subject}`,
        outcome: "success",
        detail: { ...body },
      });
      return reply.code(204).send(null);
    },
  );

  app.get(
    "/departments/:department/model-policy",
    {
      config: { permission: "usage:read" },
      schema: {
        tags,
        summary: "Which models a department may use",
        params: z.object({ department: z.string() }),
        response: { 200: policySchema },
      },
    },
    async ({ caller, params }) => {
      const { models, confidential } = await modelPolicyOf(db, caller.tenant, params.department);
      return { models: models === null ? null : [...models], confidential };
    },
  );

  app.put(
    "/departments/:department/model-policy",
    {
      config: { permission: "keys:manage" },
      schema: {
        tags,
        summary: "Set which models a department may use",
        params: z.object({ department: z.string().min(1).max(64) }),
        body: policySchema.extend({ models: z.array(modelRoleSchema).nullable() }),
        response: { 204: z.null() },
      },
    },
    async ({ caller, params, body }, reply) => {
      await setModelPolicy(db, caller.tenant, params.department, body);
      await appendAudit(db, {
        tenant: caller.tenant,
        actor: `user:${caller.subject}`,
        action: "model-policy.changed",
        target: `department:${params.department}`,
        outcome: "success",
        detail: { ...body },
      });
      return reply.code(204).send(null);
    },
  );
}
