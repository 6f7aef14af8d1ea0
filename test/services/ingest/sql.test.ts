import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSql } from "@ai-platform/ingest/sources/sql.ts";

const url = process.env.TEST_DATABASE_URL;
if (!url) console.info("SQL source: skipped, TEST_DATABASE_URL is not set");

describe.skipIf(!url)("a SQL query", () => {
  const table = `tickets_${randomUUID().replaceAll("-", "")}`;
  let client: pg.Client;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "aip-sql-"));
    client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`create table ${table} (id int, subject text, body text)`);
    await client.query(
      `insert into ${table} values (1, 'VPN', 'Ne marche pas'), (2, 'Badge', null), (3, null, 'Perdu')`,
    );
  });
  afterAll(async () => {
    await client.query(`drop table ${table}`);
    await client.end();
    await rm(folder, { recursive: true, force: true });
  });

  async function read(query: string, changes: { keyColumn?: string; maxRows?: number; timeoutSeconds?: number } = {}) {
    const file = join(folder, "tickets.sql");
    await writeFile(file, query.replaceAll("tickets", table));
    const source = await openSql({ url: url ?? "", file, keyColumn: "id", titleColumn: "subject", ...changes });
    const documents = [];
    for await (const item of source.items) if (item.kind === "document") documents.push(item.document);
    return documents.map(({ source: name, title, bytes }) => ({ name, title, text: new TextDecoder().decode(bytes) }));
  }

  it("gives one document per row, named by its key", async () => {
    expect(await read("select * from tickets order by id")).toEqual([
      { name: "sql:tickets#1", title: "VPN", text: "Ne marche pas" },
      { name: "sql:tickets#2", title: "Badge", text: "" },
      { name: "sql:tickets#3", title: "3", text: "Perdu" },
    ]);
  });

  it.each([
    ["delete from tickets returning *", "writes, and Postgres refused it"],
    ["with gone as (delete from tickets returning *) select * from gone", "writes, and Postgres refused it"],
    ["create table tickets_copy as select * from tickets", "writes, and Postgres refused it"],
    ["select 1; commit; delete from tickets", "is not one SQL statement"],
    ["commit", "has no column `id`"],
    ["select pg_sleep(5), 1 as id, 'a' as subject", "took longer than 1 s"],
    ["select nonsense", "failed: column"],
  ])("%s is refused and changes nothing", async (query, reason) => {
    await expect(read(query, { timeoutSeconds: 1 })).rejects.toThrow(reason);
    expect((await client.query(`select from ${table}`)).rowCount).toBe(3);
  });

  it("is refused above the row cap, without its key column, and where the key does not name a row", async () => {
    await expect(read("select * from tickets", { maxRows: 2 })).rejects.toThrow("more than 2 rows");
    await expect(read("select * from tickets", { keyColumn: "no" })).rejects.toThrow(
      "has no column `no`; it has id, subject, body",
    );
    await expect(read("select 1 as id, 'a' as subject from tickets")).rejects.toThrow('`id` has "1" twice');
  });
});
