import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import { Problem } from "./errors.ts";
import type { Redis } from "./redis.ts";

export interface RateLimiterOptions {
  /** Keeps the counts of limiters apart. */
  readonly name: string;
  /** Requests a minute for each key. */
  readonly perMinute: number;
  /** Counts across replicas. @default counted in this process */
  readonly redis?: Redis | undefined;
}

export interface RateLimiter {
  /** Counts one request. @throws Problem `too-many-requests` with `detail` when there were too many */
  readonly count: (key: string, detail: string) => Promise<void>;
}

/** Counts requests by key in windows of a minute. */
export function createRateLimiter({ name, perMinute, redis }: RateLimiterOptions): RateLimiter {
  const options = { keyPrefix: name, points: perMinute, duration: 60 };
  const memory = new RateLimiterMemory(options);
  // While Redis is away each replica counts for itself: looser by the number of replicas, never closed.
  const limiter = redis ? new RateLimiterRedis({ ...options, storeClient: redis, insuranceLimiter: memory }) : memory;
  return {
    async count(key, detail) {
      try {
        await limiter.consume(key);
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        throw new Problem("too-many-requests", detail, { retryAfter: Math.ceil(error.msBeforeNext / 1000) });
      }
    },
  };
}
