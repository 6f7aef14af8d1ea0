import { randomUUID } from "node:crypto";
import { and, asc, eq, gt, isNull, sql, type SQL } from "drizzle-orm";
import { levelSchema } from "../access/model.ts";
import type { Db } from "../db/database.ts";
import { departments, sessions, userRoles, users } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";
import { checkPasswordRules, hashPassword } from "./passwords.ts";
import type { RoleGrant } from "./permissions.ts";

export { addMember, createGroup, removeMember } from "./groups.ts";

/** Lower case, because the code is part of principals, which are case-folded. */
const departmentCodePattern = /^[a-z0-9-]{1,64}$/;
const usernamePattern = /^[a-z0-9][a-z0-9._@-]{0,127}$/;

export interface NewDepartment {
  readonly tenant: string;
  /** Stable id in principals and on bills. */
  readonly code: string;
  readonly name: string;
}

export async function createDepartment(db: Db, department: NewDepartment): Promise<void> {
  if (!departmentCodePattern.test(department.code)) {
    throw invalidField("/code", `must be 1 to 64 of a-z, 0-9 and -; got "${department.code}"`);
  }
  const created = await db.insert(departments).values(department).onConflictDoNothing().returning();
  if (created.length === 0) throw new Problem("conflict", `The department ${department.code} exists already.`);
}

export async function listDepartments(db: Db, tenant: string): Promise<NewDepartment[]> {
  return db.select().from(departments).where(eq(departments.tenant, tenant)).orderBy(asc(departments.code));
}

export interface NewUser {
  readonly tenant: string;
  /** Case-folded; unique in the tenant. */
  readonly username: string;
  readonly displayName: string;
  /** Code of a department of the tenant. */
  readonly department: string;
  /** None for service accounts and for people who sign in elsewhere. */
  readonly password?: string;
  /** @default false */
  readonly isService?: boolean;
  /** 0 public to 3 restricted. @default 0 */
  readonly clearance?: number;
  readonly roles: readonly RoleGrant[];
}

/** Creates a user with their roles, or nothing at all. Returns the id, which never changes. */
export async function createUser(db: Db, user: NewUser): Promise<string> {
  const username = foldUsername(user.username);
  if (!usernamePattern.test(username)) {
    throw invalidField("/username", "must be 1 to 128 of a-z, 0-9 and . _ @ -, beginning with a letter or digit");
  }
  const clearance = checkClearance(user.clearance ?? 0);
  if (user.password !== undefined) await checkPasswordRules(user.password);
  const passwordHash = user.password === undefined ? null : await hashPassword(user.password);
  const { tenant, displayName, department, isService = false } = user;
  const id = randomUUID();
  await db.transaction(async (tx) => {
    await checkDepartments(tx, tenant, [department, ...departmentsOf(user.roles)]);
    const created = await tx
      .insert(users)
      .values({ id, tenant, username, displayName, department, passwordHash, isService, clearance })
      .onConflictDoNothing()
      .returning({ id: users.id });
    if (created.length === 0) throw new Problem("conflict", `The user name ${username} is taken.`);
    await replaceRoles(tx, id, user.roles);
  });
  return id;
}

export interface UserChanges {
  readonly displayName?: string;
  readonly department?: string;
  readonly clearance?: number;
  readonly roles?: readonly RoleGrant[];
  /** Ends the user's sessions too. */
  readonly disabled?: boolean;
  /** Ends the user's sessions too. */
  readonly password?: string;
}

/** Changes a user of the tenant; every change holds from the next request on. */
export async function updateUser(db: Db, tenant: string, userId: string, changes: UserChanges): Promise<void> {
  const { displayName, department, clearance, roles, disabled, password } = changes;
  if (clearance !== undefined) checkClearance(clearance);
  if (password !== undefined) await checkPasswordRules(password);
  const passwordHash = password === undefined ? undefined : await hashPassword(password);
  await db.transaction(async (tx) => {
    const named = department === undefined ? [] : [department];
    await checkDepartments(tx, tenant, [...named, ...departmentsOf(roles ?? [])]);
    const [updated] = await tx
      .update(users)
      .set({
        // Without any change the statement still has to find out whether the user exists.
        tenant,
        ...(displayName === undefined ? {} : { displayName }),
        ...(department === undefined ? {} : { department }),
        ...(clearance === undefined ? {} : { clearance }),
        ...(disabled === undefined ? {} : { disabledAt: disabled ? sql`coalesce(${users.disabledAt}, now())` : null }),
        ...(passwordHash === undefined ? {} : { passwordHash, failedLogins: 0, lockedUntil: null }),
      })
      .where(and(eq(users.tenant, tenant), eq(users.id, userId)))
      .returning({ id: users.id });
    if (!updated) throw noSuchUser();
    if (roles) await replaceRoles(tx, userId, roles);
    if (disabled === true || passwordHash !== undefined) {
      await tx
        .update(sessions)
        .set({ revokedAt: sql`now()` })
        .where(and(eq(sessions.userId, userId), isNull(sessions.revokedAt)));
    }
  });
}

/** Disables a user: their sessions end, their API keys stop working, their data stays. */
export function disableUser(db: Db, tenant: string, userId: string): Promise<void> {
  return updateUser(db, tenant, userId, { disabled: true });
}

export interface UserRecord {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly department: string;
  readonly isService: boolean;
  readonly clearance: number;
  readonly disabled: boolean;
  readonly roles: RoleGrant[];
}

/** Users of a tenant by user name, a page at a time. @param page.limit @default 100 */
export async function listUsers(
  db: Db,
  tenant: string,
  page: { readonly after?: string; readonly limit?: number } = {},
): Promise<UserRecord[]> {
  return selectUsers(db, and(eq(users.tenant, tenant), gt(users.username, page.after ?? "")), page.limit ?? 100);
}

/** @throws Problem `not-found` */
export async function getUser(db: Db, tenant: string, userId: string): Promise<UserRecord> {
  const [user] = await selectUsers(db, and(eq(users.tenant, tenant), eq(users.id, userId)), 1);
  if (!user) throw noSuchUser();
  return user;
}

async function selectUsers(db: Db, where: SQL | undefined, limit: number): Promise<UserRecord[]> {
  return db
    .select({
      id: users.id,
      username: users.username,
      displayName: users.displayName,
      department: users.department,
      isService: users.isService,
      clearance: users.clearance,
      disabled: sql<boolean>`${users.disabledAt} is not null`,
      roles: sql<RoleGrant[]>`coalesce((select json_agg(json_build_object('role', r.role, 'department', r.department)
        order by r.role, r.department) from user_roles r where r.user_id = ${users}.id), '[]'::json)`,
    })
    .from(users)
    .where(where)
    .orderBy(asc(users.username))
    .limit(limit);
}

/** User names are compared in one case and one Unicode form. */
export function foldUsername(username: string): string {
  return username.trim().normalize("NFC").toLowerCase();
}

async function replaceRoles(tx: Db, userId: string, roles: readonly RoleGrant[]): Promise<void> {
  await tx.delete(userRoles).where(eq(userRoles.userId, userId));
  if (roles.length === 0) return;
  await tx
    .insert(userRoles)
    .values(roles.map((grant) => ({ userId, ...grant })))
    .onConflictDoNothing();
}

/** Departments roles are held in; `*` is all of them and no department. */
function departmentsOf(roles: readonly RoleGrant[]): string[] {
  return roles.map(({ department }) => department).filter((department) => department !== "*");
}

async function checkDepartments(tx: Db, tenant: string, codes: readonly string[]): Promise<void> {
  const known = new Set((await listDepartments(tx, tenant)).map(({ code }) => code));
  const unknown = codes.find((code) => !known.has(code));
  if (unknown === undefined) return;
  throw invalidField("/department", `"${unknown}" is not a department; known are ${[...known].join(", ") || "none"}`);
}

function checkClearance(clearance: number): number {
  if (!levelSchema.safeParse(clearance).success) throw invalidField("/clearance", `must be 0 to 3; got ${clearance}`);
  return clearance;
}

function invalidField(field: string, message: string): Problem {
  return new Problem("invalid-request", `${field.slice(1)} ${message}.`, { errors: [{ field, message }] });
}

function noSuchUser(): Problem {
  return new Problem("not-found", "There is no user with this id.");
}
