import { eq } from "drizzle-orm";
import type { Db } from "../db/database.ts";
import { searchIndexes } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";

/** Model that made, or is to make, the vectors of an index. */
export interface IndexModel {
  readonly model: string;
  readonly dimensions: number;
}

/**
 * Records which model an index is built with, the first time; afterwards throws a Problem `unavailable` for any other one.
 * @param name the store and its collection
 */
export async function claimIndexModel(db: Db, name: string, wanted: IndexModel): Promise<void> {
  await db
    .insert(searchIndexes)
    .values({ name, ...wanted })
    .onConflictDoNothing();
  const [held] = await db.select().from(searchIndexes).where(eq(searchIndexes.name, name));
  if (held && (held.model !== wanted.model || held.dimensions !== wanted.dimensions)) {
    throw new Problem(
      "unavailable",
      `The index ${name} holds vectors of ${held.model} with ${held.dimensions} dimensions, and ${wanted.model} with ` +
        `${wanted.dimensions} is configured. Set the embedding model back, or start with an empty index and ingest again.`,
    );
  }
}
