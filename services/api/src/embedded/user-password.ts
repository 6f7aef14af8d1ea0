import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { claimDataFolder } from "@ai-platform/core/db/data-folder.ts";
import { openEmbedded } from "@ai-platform/core/db/database.ts";
import { StartError } from "./options.ts";
import { resetPassword, resetPasswordRemotely } from "./passwords.ts";

const usage = "Usage: npm run user:password -- <user name> [--data-dir <folder>]";

/** Resets a password through the platform that runs on the folder, else in the folder itself. */
async function reset(folder: string, name: string): Promise<string> {
  const password = await resetPasswordRemotely(folder, name);
  if (password !== undefined) return password;
  if (!existsSync(join(folder, "postgres"))) {
    throw new StartError(`--data-dir ${folder} holds no platform; name the folder that npm start uses`);
  }
  const claim = await claimDataFolder(folder);
  try {
    const database = await openEmbedded(join(folder, "postgres"));
    return await resetPassword(database.db, name).finally(() => database.close());
  } finally {
    await claim.release();
  }
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
  console.log(`New password of ${name}, shown this once: ${await reset(resolve(values["data-dir"]), name)}`);
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`ai-platform: ${message.split("\n")[0] ?? message}`);
  process.exit(1);
});
