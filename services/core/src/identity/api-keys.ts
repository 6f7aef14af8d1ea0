import { randomUUID } from "node:crypto";
import { and, desc, eq, gt, isNull, sql } from "drizzle-orm";
import type { Db } from "../db/database.ts";
import { apiKeys, users } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";
import { apiKeyPrefix, generateApiKey } from "./api-key-format.ts";
import type { Permission } from "./permissions.ts";
import { sha256 } from "./secrets.ts";

export interface NewApiKey {
  readonly userId: string;
  readonly name: string;
  /** What the key is narrowed to; it never has more than its owner. */
  readonly scopes: readonly Permission[];
  readonly expiresAt: Date;
  /** Part of the key, such as `prod`. */
  readonly environment: string;
}

/** Makes a key. It is returned this once; only its hash is kept. */
export async function createApiKey(db: Db, key: NewApiKey): Promise<{ readonly id: string; readonly key: string }> {
  const secret = generateApiKey(key.environment);
  const id = randomUUID();
  await db.insert(apiKeys).values({
    id,
    userId: key.userId,
    name: key.name,
    prefix: apiKeyPrefix(secret),
    hash: sha256(secret),
    scopes: [...key.scopes],
    expiresAt: key.expiresAt,
  });
  return { id, key: secret };
}

export interface ApiKeyRecord {
  readonly id: string;
  readonly userId: string;
  readonly username: string;
  readonly department: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: string[];
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date;
}

/** Keys of a tenant, or of one user of it, newest first. */
export async function listApiKeys(
  db: Db,
  tenant: string,
  only: { readonly userId?: string; readonly id?: string } = {},
): Promise<ApiKeyRecord[]> {
  return db
    .select({
      id: apiKeys.id,
      userId: apiKeys.userId,
      username: users.username,
      department: users.department,
      name: apiKeys.name,
      prefix: apiKeys.prefix,
      scopes: apiKeys.scopes,
      expiresAt: apiKeys.expiresAt,
      revokedAt: apiKeys.revokedAt,
      lastUsedAt: apiKeys.lastUsedAt,
      createdAt: apiKeys.createdAt,
    })
    .from(apiKeys)
    .innerJoin(users, eq(users.id, apiKeys.userId))
    .where(
      and(
        eq(users.tenant, tenant),
        only.userId === undefined ? undefined : eq(apiKeys.userId, only.userId),
        only.id === undefined ? undefined : eq(apiKeys.id, only.id),
      ),
    )
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .limit(500);
}

/** Ends a key; a second time changes nothing. */
export async function revokeApiKey(db: Db, id: string): Promise<void> {
  await db
    .update(apiKeys)
    .set({ revokedAt: sql`now()` })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)));
}

export interface ApiKeyRotation {
  readonly id: string;
  /** When the old key stops working, at the latest. */
  readonly overlapUntil: Date;
  /** End of the new key. */
  readonly expiresAt: Date;
  readonly environment: string;
}

/**
 * Makes a key that takes the place of another, with the same owner, name and scopes. Both work until the overlap ends,
 * so that clients can change over without a failed call.
 * @throws Problem `conflict` where the old key is no longer valid
 */
export async function rotateApiKey(
  db: Db,
  { id, overlapUntil, expiresAt, environment }: ApiKeyRotation,
): Promise<{ readonly id: string; readonly key: string }> {
  return db.transaction(async (tx) => {
    const [old] = await tx
      .update(apiKeys)
      .set({ expiresAt: sql`least(${apiKeys.expiresAt}, ${overlapUntil.toISOString()}::timestamptz)` })
      .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt), gt(apiKeys.expiresAt, sql`now()`)))
      .returning();
    if (!old) throw new Problem("conflict", "The key is revoked or has expired; make a new one.");
    const { userId, name, scopes } = old;
    return createApiKey(tx, { userId, name, scopes: scopes as Permission[], expiresAt, environment });
  });
}
