import rateLimit from "@fastify/rate-limit";
import type { FastifyRequest } from "fastify";
import { Problem } from "@ai-platform/core/errors.ts";
import type { App, RateLimits } from "../deps.ts";
import { callerOf } from "./access.ts";

export const defaultRateLimits: RateLimits = { address: 3000, caller: 600, signIn: 60 };

/** Monitoring and the edge ask often and from one address; the edge's own callers are limited by the authorizer. */
const unlimited = new Set(["/health", "/ready", "/metrics", "/internal/authorize", "/internal/usage"]);

/** Limits by address before anything else is done, and by caller once there is one. Counted per replica. */
export async function limitRates(app: App, given: Partial<RateLimits> = {}): Promise<void> {
  const limits = { ...defaultRateLimits, ...given };
  await app.register(rateLimit, { global: false, timeWindow: "1 minute", cache: 20_000 });
  const byAddress = app.createRateLimit({ max: limits.address });
  const bySignIn = app.createRateLimit({ max: limits.signIn, keyGenerator: ({ ip }) => `sign-in:${ip}` });
  const byCaller = app.createRateLimit({
    max: limits.caller,
    keyGenerator: (request) => `caller:${callerOf(request)?.subject ?? request.ip}`,
  });

  app.addHook("onRequest", async (request) => {
    const route = request.routeOptions.url ?? "";
    if (unlimited.has(route)) return;
    await check(byAddress, request);
    if (route.startsWith("/oauth/")) await check(bySignIn, request);
  });
  app.addHook("preParsing", async (request) => {
    if (callerOf(request)) await check(byCaller, request);
  });
}

async function check(limiter: ReturnType<App["createRateLimit"]>, request: FastifyRequest): Promise<void> {
  const limit = await limiter(request);
  if (limit.isAllowed || !limit.isExceeded) return;
  throw new Problem("too-many-requests", `The limit is ${limit.max} requests per minute.`, {
    retryAfter: limit.ttlInSeconds,
  });
}
