export type RedisRole = "limits" | "cache";

export interface RedisConfig {
  readonly role: RedisRole;
  /** Memory limit of the container in MiB; a quarter is left to forks and connections. */
  readonly memoryMiB: number;
  readonly port: number;
}

/** Renders redis.conf without the password, which the caller appends as a secret. */
export function renderRedisConfig({ role, memoryMiB, port }: RedisConfig): string {
  const persistence =
    role === "limits"
      ? ["appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction"]
      : ["appendonly no", "maxmemory-policy allkeys-lru"];
  return [
    "bind * -::*",
    "protected-mode yes",
    `port ${String(port)}`,
    "dir /data",
    'save ""',
    `maxmemory ${String(Math.floor((memoryMiB * 3) / 4))}mb`,
    ...persistence,
    "",
  ].join("\n");
}
