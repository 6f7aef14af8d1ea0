import { fileURLToPath } from "node:url";
import { mkdir } from "node:fs/promises";
import type { PGlite } from "@electric-sql/pglite";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import * as schema from "./schema/index.ts";

/** The one query interface of both drivers; a transaction has the same type. */
export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;

/** An open database. `close` waits for running queries. */
export interface Database {
  readonly db: Db;
  /** Where it is, without credentials: for logs and the start screen. */
  readonly description: string;
  /** Set for the embedded database, so that it can be served on a socket. */
  readonly embedded?: PGlite;
  close(): Promise<void>;
}

const migrationsFolder = fileURLToPath(new URL("../../migrations", import.meta.url));

/**
 * Opens a Postgres server and brings its tables up to date.
 * Replicas that start together take an advisory lock, so that one migrates and the others wait.
 * @param max connections in the pool
 */
export async function openPostgres(url: string, max = 10): Promise<Database> {
  const [{ default: pg }, { drizzle }, { migrate }] = await Promise.all([
    import("pg"),
    import("drizzle-orm/node-postgres"),
    import("drizzle-orm/node-postgres/migrator"),
  ]);
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: 5_000 });
  // An idle connection may be cut by a restart of the server; the pool replaces it, the process must not die of it.
  pool.on("error", () => undefined);
  const lock = await pool.connect();
  try {
    await lock.query("select pg_advisory_lock(7208888)");
    await migrate(drizzle(lock), { migrationsFolder });
  } finally {
    await lock.query("select pg_advisory_unlock(7208888)").catch(() => undefined);
    lock.release();
  }
  const { host, pathname } = new URL(url);
  return {
    db: drizzle(pool, { schema }) as unknown as Db,
    description: `Postgres at ${host}${pathname}`,
    close: () => pool.end(),
  };
}

/**
 * Opens the embedded Postgres (PGlite) in a folder, or in memory where none is given. One process at a time.
 */
export async function openEmbedded(folder?: string): Promise<Database> {
  const [{ PGlite }, { vector }, { drizzle }, { migrate }] = await Promise.all([
    import("@electric-sql/pglite"),
    import("@electric-sql/pglite-pgvector"),
    import("drizzle-orm/pglite"),
    import("drizzle-orm/pglite/migrator"),
  ]);
  if (folder) await mkdir(folder, { recursive: true });
  const client = await PGlite.create({ ...(folder ? { dataDir: folder } : {}), extensions: { vector } });
  const db = drizzle(client, { schema });
  await migrate(db, { migrationsFolder });
  return {
    db: db as unknown as Db,
    description: folder ? `embedded Postgres in ${folder}` : "embedded Postgres in memory",
    embedded: client,
    close: () => client.close(),
  };
}
