import { Redis } from "ioredis";
import type { Logger } from "./logger.ts";

export type { Redis };

/** Connects in the background; while Redis is away, commands fail at once instead of holding requests up. */
export function openRedis(url: string, logger: Logger): Redis {
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, connectTimeout: 2_000 });
  redis.on("error", (error: Error) => logger.warn({ error }, "redis does not answer"));
  return redis;
}
