import { createRateLimiter } from "@ai-platform/core/rate-limiter.ts";
import type { Redis } from "@ai-platform/core/redis.ts";
import type { App, RateLimits } from "../deps.ts";
import { callerOf } from "./access.ts";

export const defaultRateLimits: RateLimits = { address: 3000, caller: 600, signIn: 60 };

/** Monitoring and the edge ask often and from one address; these answers cost little. */
const unlimited = /^\/(health|ready|metrics|internal\/.*)$/;

/** Limits by address before anything else is done, and by caller once there is one. */
export function limitRates(app: App, given: Partial<RateLimits> = {}, redis?: Redis): void {
  const limits = { ...defaultRateLimits, ...given };
  const limiter = (name: keyof RateLimits) => {
    const { count } = createRateLimiter({ name: `api-${name}`, perMinute: limits[name], redis });
    return (key: string) => count(key, `The limit is ${limits[name]} requests a minute.`);
  };
  const [countAddress, countSignIn, countCaller] = [limiter("address"), limiter("signIn"), limiter("caller")];

  app.addHook("onRequest", async ({ ip, routeOptions: { url = "" } }) => {
    if (unlimited.test(url)) return;
    await countAddress(ip);
    if (url.startsWith("/oauth/")) await countSignIn(ip);
  });
  app.addHook("preParsing", async (request) => {
    const caller = callerOf(request);
    if (caller) await countCaller(caller.subject);
  });
}
