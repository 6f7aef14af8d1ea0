import { and, eq, isNull, lte, or, sql } from "drizzle-orm";
import { appendAudit } from "../audit.ts";
import type { Db } from "../db/database.ts";
import { users } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";
import { foldUsername } from "./directory.ts";
import { lockTable } from "./lock-out.ts";
import { hashPassword, needsRehash, verifyPassword } from "./passwords.ts";

export interface PasswordSignIn {
  readonly tenant: string;
  readonly username: string;
  readonly password: string;
  /** Network address, for the audit trail. */
  readonly address: string;
}

/**
 * Checks a user name and password and returns the user's id.
 *
 * An unknown name, a wrong password, a locked and a disabled account are answered alike, after the same statements and
 * the same hashing. The attempt is counted before the password is checked, so that guesses sent at the same time count
 * each; a success takes the count back.
 * @throws Problem `invalid-grant`
 */
export async function signInWithPassword(
  db: Db,
  attempt: PasswordSignIn,
  clock: () => Date = () => new Date(),
): Promise<string> {
  const { tenant, password, address } = attempt;
  const username = foldUsername(attempt.username).replaceAll("\0", "");
  const user = await countAttempt(db, tenant, username, clock());
  const matches = await verifyPassword(user?.passwordHash, password);
  if (user && matches && !user.disabledAt) {
    const rehashed = needsRehash(user.passwordHash ?? "") ? { passwordHash: await hashPassword(password) } : {};
    await db
      .update(users)
      .set({ failedLogins: 0, lockedUntil: null, ...rehashed })
      .where(eq(users.id, user.id));
  }
  const success = user !== undefined && matches && user.disabledAt === null;
  await appendAudit(db, {
    tenant,
    actor: success ? `user:${user.id}` : "anonymous",
    action: "auth.sign-in",
    // A name that was not recognised may be a password typed into the wrong field.
    target: user ? `user:${user.id}` : "user:unknown-or-locked",
    outcome: success ? "success" : "failure",
    detail: { address, failures: success ? 0 : (user?.failedLogins ?? null) },
  });
  if (success) return user.id;
  throw new Problem("invalid-grant", "The user name or the password is wrong, or sign-in is not possible now.");
}

/** The user, with this attempt counted as a failure; `undefined` where there is none or the account is locked. */
async function countAttempt(
  db: Db,
  tenant: string,
  username: string,
  now: Date,
): Promise<typeof users.$inferSelect | undefined> {
  const delays = sql.raw(`array[${lockTable.join(",")}]`);
  const seconds = sql`(${delays})[least(${users.failedLogins} + 1, ${lockTable.length})]`;
  const [user] = await db
    .update(users)
    .set({
      failedLogins: sql`${users.failedLogins} + 1`,
      lockedUntil: sql`${now.toISOString()}::timestamptz + make_interval(secs => ${seconds})`,
    })
    .where(
      and(
        eq(users.tenant, tenant),
        eq(users.username, username),
        or(isNull(users.lockedUntil), lte(users.lockedUntil, now)),
      ),
    )
    .returning();
  return user;
}
