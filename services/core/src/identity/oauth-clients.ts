import { timingSafeEqual } from "node:crypto";
import { and, asc, eq, isNull } from "drizzle-orm";
import type { Db } from "../db/database.ts";
import { oauthClients, users } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";
import type { Permission } from "./permissions.ts";
import { randomSecret, sha256 } from "./secrets.ts";

export interface NewOauthClient {
  readonly id: string;
  /** The service account it acts as. */
  readonly userId: string;
  /** What it is narrowed to; none is nothing. */
  readonly scopes: readonly Permission[];
}

/** Registers a client for `client_credentials` and returns its secret, this once. */
export async function createOauthClient(db: Db, client: NewOauthClient): Promise<string> {
  const secret = randomSecret();
  const created = await db
    .insert(oauthClients)
    .values({ id: client.id, userId: client.userId, scopes: [...client.scopes], secretHash: sha256(secret) })
    .onConflictDoNothing()
    .returning({ id: oauthClients.id });
  if (created.length === 0) throw new Problem("conflict", `The client id ${client.id} is taken.`);
  return secret;
}

export interface OauthClientRecord {
  readonly id: string;
  readonly userId: string;
  readonly department: string;
  readonly scopes: string[];
  readonly createdAt: Date;
}

export async function listOauthClients(db: Db, tenant: string): Promise<OauthClientRecord[]> {
  return db
    .select({
      id: oauthClients.id,
      userId: oauthClients.userId,
      department: users.department,
      scopes: oauthClients.scopes,
      createdAt: oauthClients.createdAt,
    })
    .from(oauthClients)
    .innerJoin(users, eq(users.id, oauthClients.userId))
    .where(eq(users.tenant, tenant))
    .orderBy(asc(oauthClients.id));
}

/** Removes a client; its tokens stop working with it. */
export async function removeOauthClient(db: Db, id: string): Promise<void> {
  await db.delete(oauthClients).where(eq(oauthClients.id, id));
}

/** Checks a client's secret and returns the service account's id, or `undefined` for every reason alike. */
export async function authenticateClient(
  db: Db,
  tenant: string,
  id: string,
  secret: string,
): Promise<string | undefined> {
  const [client] = await db
    .select({ userId: oauthClients.userId, secretHash: oauthClients.secretHash })
    .from(oauthClients)
    .innerJoin(users, eq(users.id, oauthClients.userId))
    .where(and(eq(oauthClients.id, id), eq(users.tenant, tenant), isNull(users.disabledAt)));
  // Compared with something of equal length either way; a wrong id takes as long as a wrong secret.
  const expected = Buffer.from(client?.secretHash ?? sha256(""), "hex");
  const matches = timingSafeEqual(expected, Buffer.from(sha256(secret), "hex"));
  return client && matches ? client.userId : undefined;
}
