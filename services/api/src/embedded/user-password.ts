import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { and, eq } from "drizzle-orm";
import { appendAudit } from "@ai-platform/core/audit.ts";
import { openEmbedded, type Db } from "@ai-platform/core/db/database.ts";
import { users } from "@ai-platform/core/db/schema/index.ts";
import { foldUsername, updateUser } from "@ai-platform/core/identity/directory.ts";
import { claimDataFolder } from "./data-folder.ts";
import { generatePassword } from "./demo.ts";
import { StartError } from "./options.ts";
import { embeddedTenant } from "./tenant.ts";

const usage = "Usage: npm run user:password -- <user name> [--data-dir <folder>]";

/** Gives a user of the embedded platform a new generated password, ends their sessions and undoes a lock. */
async function resetPassword(db: Db, name: string): Promise<string> {
  const [user] = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.tenant, embeddedTenant), eq(users.username, foldUsername(name))));
  if (!user) throw new StartError(`there is no user ${JSON.stringify(name)} in this data folder`);
  const password = generatePassword();
  await updateUser(db, embeddedTenant, user.id, { password });
  await appendAudit(db, {
    tenant: embeddedTenant,
    actor: "system",
    action: "user.password-reset",
    target: `user:${user.id}`,
    outcome: "success",
  });
  return password;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { "data-dir": { type: "string", default: ".data" }, help: { type: "boolean", short: "h" } },
  });
  const [name, ...more] = positionals;
  if (values.help) {
    console.log(usage);
    return;
  }
  if (name === undefined || more.length > 0) throw new StartError(`one user name is needed. ${usage}`);
  const folder = resolve(values["data-dir"]);
  const claim = await claimDataFolder(folder);
  const database = await openEmbedded(join(folder, "postgres"));
  try {
    console.log(`New password of ${name}, shown this once: ${await resetPassword(database.db, name)}`);
  } finally {
    await database.close();
    await claim.release();
  }
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`ai-platform: ${message.split("\n")[0] ?? message}`);
  process.exit(1);
});
