import { count, eq } from "drizzle-orm";
import { appendAudit } from "../audit.ts";
import type { Db } from "../db/database.ts";
import { departments, users } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";
import { createUser } from "./directory.ts";

/**
 * Makes the first administrator of a tenant without users: `admin` in the department `it`, who may then add everybody
 * else. Says whether one was made; replicas that start together make one between them.
 */
export async function createFirstAdmin(db: Db, tenant: string, password: string): Promise<boolean> {
  const [existing] = await db.select({ users: count() }).from(users).where(eq(users.tenant, tenant));
  if (existing && existing.users > 0) return false;
  await db.insert(departments).values({ tenant, code: "it", name: "IT" }).onConflictDoNothing();
  try {
    const id = await createUser(db, {
      tenant,
      username: "admin",
      displayName: "Administrator",
      department: "it",
      password,
      clearance: 1,
      roles: [
        { role: "employee", department: "*" },
        { role: "admin", department: "*" },
      ],
    });
    await appendAudit(db, {
      tenant,
      actor: "system",
      action: "user.created",
      target: `user:${id}`,
      outcome: "success",
      detail: { first: true },
    });
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === "conflict") return false;
    throw error;
  }
}
