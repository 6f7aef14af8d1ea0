import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { openEmbedded, openPostgres, type Database } from "../db/database.ts";
import { claimDataFolder } from "../db/data-folder.ts";

/**
 * Lets a command work on the database of `DATABASE_URL`, or on the embedded one where a folder is named or none is set.
 * @param folder data folder of the embedded platform, which must not be running @default `.data`
 */
export async function withDatabase<Result>(
  folder: string | undefined,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const url = process.env.DATABASE_URL;
  if (url && folder === undefined) return workAndClose(await openPostgres(url, 1), work);
  const place = resolve(folder ?? ".data");
  if (!existsSync(join(place, "postgres"))) {
    throw new Error(`${place} holds no platform; name its folder with --data-dir or set DATABASE_URL`);
  }
  const claim = await claimDataFolder(place);
  try {
    return await workAndClose(await openEmbedded(join(place, "postgres")), work);
  } finally {
    await claim.release();
  }
}

async function workAndClose<Result>(database: Database, work: (database: Database) => Promise<Result>) {
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
