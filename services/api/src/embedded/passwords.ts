import { randomInt } from "node:crypto";
import type { RequestListener } from "node:http";
import { and, eq } from "drizzle-orm";
import { appendAudit } from "@ai-platform/core/audit.ts";
import { callDataFolder, embeddedTenant as tenant } from "@ai-platform/core/db/data-folder.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { users } from "@ai-platform/core/db/schema/index.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import { foldUsername, updateUser } from "@ai-platform/core/identity/directory.ts";

/** Without letters and digits that look alike. */
const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";

/** 16 characters, about 79 random bits, in groups of four so that they can be typed. */
export function generatePassword(): string {
  const characters = Array.from({ length: 16 }, () => alphabet[randomInt(alphabet.length)]).join("");
  return characters.replace(/.{4}(?=.)/g, "$&-");
}

/**
 * Gives a user a new generated password, ends their sessions and undoes a lock. Returns the password.
 * @throws Problem `not-found`
 */
export async function resetPassword(db: Db, name: string): Promise<string> {
  const [user] = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.tenant, tenant), eq(users.username, foldUsername(name))));
  if (!user) throw new Problem("not-found", `there is no user ${JSON.stringify(name)} in this data folder`);
  const password = generatePassword();
  await updateUser(db, tenant, user.id, { password });
  const target = `user:${user.id}`;
  await appendAudit(db, { tenant, actor: "system", action: "user.password-reset", target, outcome: "success" });
  return password;
}

const path = "/passwords/";

/** Asks the platform that runs on a data folder; `undefined` where none runs. */
export async function resetPasswordRemotely(folder: string, name: string): Promise<string | undefined> {
  const answer = await callDataFolder(folder, "POST", path + encodeURIComponent(name));
  return (answer as { readonly password: string } | undefined)?.password;
}

/** Answers {@link resetPasswordRemotely} of the same user's processes, and passes other calls on. */
export function answerPasswordCalls(db: Db, others: RequestListener): RequestListener {
  return (request, response) => {
    if (request.method !== "POST" || !request.url?.startsWith(path)) {
      others(request, response);
      return;
    }
    const send = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
    resetPassword(db, decodeURIComponent(request.url.slice(path.length))).then(
      (password) => send(200, { password }),
      (error: unknown) => {
        const problem = error instanceof Problem ? error : new Problem("internal", "the password was not reset");
        send(problem.status, problem.toDocument());
      },
    );
  };
}
