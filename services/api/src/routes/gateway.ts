import { timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { Problem } from "@ai-platform/core/errors.ts";
import type { Authorizer } from "@ai-platform/core/gateway/authorizer.ts";
import { encodeGatewayIdentity, identityHeader } from "@ai-platform/core/gateway/gateway-identity.ts";
import { sha256 } from "@ai-platform/core/identity/secrets.ts";
import { recordUsage } from "@ai-platform/core/usage.ts";
import type { App, AppDeps } from "../deps.ts";
import { toProblem } from "../plugins/problems.ts";

/** What the API needs to stand between the edge and the model gateway. */
export interface GatewayDeps {
  readonly authorizer: Authorizer;
  /** Key the gateway sends with its usage rows. */
  readonly usageKey: string;
}

const usageRowSchema = z.object({
  id: z.string().min(1).max(200),
  /** Seconds since 1970. */
  at: z.number(),
  tenant: z.string(),
  subject: z.string(),
  team: z.string(),
  keyId: z.string().nullish(),
  agent: z.string().nullish(),
  model: z.string(),
  deployment: z.string().nullish(),
  promptTokens: z.int().min(0),
  completionTokens: z.int().min(0),
  /** US dollars as exact decimals. */
  cost: z.string().regex(/^\d+(\.\d+)?$/),
  outcome: z.enum(["success", "failure", "cache_hit"]),
});

/**
 * Questions of the edge and reports of the model gateway. Inside only: the edge has no route to `/internal/*`.
 *
 * nginx passes on an `auth_request` refusal as 401 or 403 alone, without its body, so the real status and the problem
 * document travel in headers, and nginx answers with them.
 */
export function gatewayRoutes(app: App, { database }: AppDeps, gateway: GatewayDeps): void {
  app.get("/internal/authorize", { config: { public: true }, schema: { hide: true } }, async (request, reply) => {
    try {
      const { identity, warnings } = await gateway.authorizer.authorize({
        authorization: request.headers.authorization,
        apiKey: headerOf(request, "x-api-key"),
        role: headerOf(request, "x-model-role"),
      });
      return await reply
        .headers({
          [identityHeader]: encodeGatewayIdentity(identity),
          ...(warnings.length > 0 ? { "x-budget-warning": warnings.join("; ") } : {}),
        })
        .code(204)
        .send();
    } catch (error) {
      return refuse(request, reply, toProblem(error));
    }
  });

  app.post(
    "/internal/usage",
    {
      config: { public: true },
      bodyLimit: 8 * 1024 * 1024,
      schema: { hide: true, body: z.object({ rows: z.array(usageRowSchema).max(1000) }) },
      onRequest: async (request) => {
        requireKey(request.headers.authorization, gateway.usageKey);
      },
    },
    async (request, reply) => {
      await database.db.transaction(async (tx) => {
        for (const row of request.body.rows) {
          await recordUsage(tx, {
            requestId: row.id,
            at: new Date(row.at * 1000),
            tenant: row.tenant,
            userId: row.subject,
            department: row.team,
            model: row.model,
            promptTokens: row.promptTokens,
            completionTokens: row.completionTokens,
            cost: row.cost,
            outcome: row.outcome,
            ...(row.keyId ? { apiKeyId: row.keyId } : {}),
            ...(row.agent ? { agent: row.agent } : {}),
            ...(row.deployment ? { deployment: row.deployment } : {}),
          });
        }
      });
      return reply.code(204).send();
    },
  );
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function refuse(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status >= 500) request.log.error({ err: problem.cause ?? problem }, "authorization failed");
  return reply
    .code(problem.status === 401 ? 401 : 403)
    .headers({
      "x-refusal-status": String(problem.status),
      // Headers are Latin-1: anything else is escaped, as JSON allows.
      "x-refusal": JSON.stringify(problem.toDocument(request.id)).replace(/[^\x20-\x7e]/g, escapeCharacter),
      ...(problem.retryAfter === undefined ? {} : { "retry-after": String(problem.retryAfter) }),
    })
    .send();
}

const escapeCharacter = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

function requireKey(authorization: string | undefined, key: string): void {
  const sent = Buffer.from(sha256(authorization ?? ""));
  if (timingSafeEqual(sent, Buffer.from(sha256(`Bearer ${key}`)))) return;
  throw new Problem("unauthenticated", "The usage key is wrong.");
}
