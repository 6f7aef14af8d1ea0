import { basename, extname } from "node:path";
import { readFile } from "node:fs/promises";
import pg from "pg";
import { Problem } from "@ai-platform/core/errors.ts";
import type { Source, SourceItem } from "./source.ts";

/** A stored query, and which of its columns are what. */
export interface SqlSource {
  /** Address of the database; give it a role that can only read. */
  readonly url: string;
  /** Query file; its name is part of every document's identity. */
  readonly file: string;
  /** Column that names a row, now and at every later run. */
  readonly keyColumn: string;
  /** Column with the document's title. @default the key */
  readonly titleColumn?: string;
  /** @default 10000 */
  readonly maxRows?: number;
  /** Seconds the query may take. @default 30 */
  readonly timeoutSeconds?: number;
}

/** SQLSTATEs told in our words. */
const readOnlyTransaction = "25006";
const insufficientPrivilege = "42501";
const queryCanceled = "57014";
const severalStatements = "42601";

/**
 * Rows of a query as documents. That it only reads is Postgres's to enforce: the connection is read-only by default,
 * the transaction is READ ONLY, and the extended protocol takes one statement, so nothing can end it early.
 * @throws Problem `source-refused`, `too-large`, `invalid-request` or `unavailable`
 */
export async function openSql(source: SqlSource): Promise<Source> {
  const { maxRows = 10_000, timeoutSeconds = 30 } = source;
  const text = await readFile(source.file, "utf8").catch((cause: unknown) => {
    throw new Problem("not-found", `${source.file} cannot be read.`, { cause });
  });
  const rows = await query(source, text, maxRows, timeoutSeconds);
  return { total: rows.length, items: toItems(source, rows) };
}

async function* toItems(source: SqlSource, rows: readonly Row[]): AsyncGenerator<SourceItem> {
  const name = basename(source.file, extname(source.file));
  const keys = new Set<string>();
  for (const row of rows) {
    const key = asText(row[source.keyColumn]);
    if (key === "" || keys.has(key)) {
      const what = key === "" ? "is empty in a row" : `has ${JSON.stringify(key)} twice`;
      throw new Problem("invalid-request", `Key column \`${source.keyColumn}\` ${what}; it must name each row.`);
    }
    keys.add(key);
    const title = source.titleColumn === undefined ? key : asText(row[source.titleColumn]) || key;
    const bytes = new TextEncoder().encode(rowText(row, source));
    yield {
      kind: "document",
      document: { source: `sql:${name}#${key}`, fileName: `${name}-${key}.txt`.slice(-255), title, bytes },
    };
  }
}

type Row = Readonly<Record<string, unknown>>;

async function query(
  source: SqlSource,
  text: string,
  maxRows: number,
  timeoutSeconds: number,
): Promise<readonly Row[]> {
  const client = new pg.Client({
    connectionString: source.url,
    connectionTimeoutMillis: 5_000,
    options: `-c default_transaction_read_only=on -c statement_timeout=${timeoutSeconds}s`,
    application_name: "ai-platform-ingest",
  });
  const { host } = new URL(source.url);
  await client.connect().catch((cause: unknown) => {
    throw new Problem("unavailable", `The database at ${host} does not answer.`, { cause });
  });
  try {
    await client.query("begin transaction isolation level repeatable read read only");
    // One row more than allowed, to know that there are more.
    const limited = { text, rows: maxRows + 1, queryMode: "extended" };
    const { rows, fields } = await client.query<Row>(limited);
    if (rows.length > maxRows) {
      throw new Problem("too-large", `${source.file} gives more than ${maxRows} rows. Narrow it, or raise --max-rows.`);
    }
    const columns = fields.map((field) => field.name);
    for (const wanted of [source.keyColumn, source.titleColumn ?? source.keyColumn]) {
      if (!columns.includes(wanted)) {
        const got = columns.join(", ");
        throw new Problem("invalid-request", `${source.file} has no column \`${wanted}\`; it has ${got}.`);
      }
    }
    return rows;
  } catch (error) {
    throw toProblem(source.file, timeoutSeconds, error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function toProblem(file: string, timeoutSeconds: number, error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const refuse = (detail: string) => new Problem("source-refused", detail, { cause: error });
  switch (error.code) {
    case readOnlyTransaction:
      return refuse(
        `${file} writes, and Postgres refused it: ingestion reads in a READ ONLY transaction. Use a SELECT.`,
      );
    case insufficientPrivilege:
      return refuse(`${file} needs rights that the role does not have: ${error.message}.`);
    case queryCanceled:
      return refuse(`${file} took longer than ${timeoutSeconds} s. Make it faster, or raise --timeout.`);
    case severalStatements:
      return refuse(`${file} is not one SQL statement: ${error.message}.`);
    default:
      return refuse(`${file} failed: ${error.message}.`);
  }
}

/** A row in words: each column with its name, since a value alone says little. */
function rowText(row: Row, { keyColumn, titleColumn }: SqlSource): string {
  const told = Object.entries(row).filter(([column]) => column !== keyColumn && column !== titleColumn);
  const parts = told.map(([column, value]) => [column, asText(value)] as const).filter(([, value]) => value !== "");
  const [only] = parts;
  if (parts.length === 1 && only) return only[1];
  return parts.map(([column, value]) => `${column}: ${value}`).join("\n\n");
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  return typeof value === "string" ? value : JSON.stringify(value);
}
