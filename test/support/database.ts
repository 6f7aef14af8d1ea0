import { randomBytes } from "node:crypto";
import { openEmbedded, openPostgres, type Database } from "@ai-platform/core/db/database.ts";
import pg from "pg";

/**
 * An empty database: embedded, or one of its own on the server that `TEST_DATABASE_URL` names, which needs pgvector and the
 * right to create databases. `close` removes it.
 */
export async function openTestDatabase(): Promise<Database> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) return openEmbedded();
  const name = `test_${randomBytes(6).toString("hex")}`;
  await onServer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const database = await openPostgres(url.href);
  return {
    ...database,
    close: async () => {
      await database.close();
      await onServer(server, `drop database ${name} with (force)`);
    },
  };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(statement);
  await client.end();
}
