import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { z } from "zod";
import { documentAclSchema, type DocumentAcl } from "@ai-platform/core/access/model.ts";
import { codeSchema } from "../request.ts";

/** A mistake of the person at the keyboard: printed as one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const usage = `Usage: npm run ingest -- <file | folder | address | query.sql> --department <code> --allow <principal> [options]

Rights
  --department <code>    department that owns the documents (required)
  --allow <principal>    who may read: user:<id>, group:<source>:<id>, role:<name>, department:<code> or tenant:all;
                         may be repeated (at least one)
  --deny <principal>     who may not, whatever --allow says; may be repeated
  --level <0-3>          0 public, 1 internal, 2 confidential, 3 restricted (default 1)
  --collection <code>    collection that agents search (default: the department)

Web pages
  --follow <depth>       read pages this many links away, on the same host (default 0)
  --sitemap              read the pages of the host's sitemap instead
  --max-pages <number>   (default 500)
  --allow-host <name>    another host that redirects may lead to; may be repeated

SQL: one document per row of a stored query; SOURCE_DATABASE_URL names the database and a role that can only read
  --key <column>         column that names a row (required)
  --title-column <name>  column with its title (default: the key)
  --max-rows <number>    (default 10000)
  --timeout <seconds>    (default 30)

Where to
  --data-dir <folder>    of the embedded platform, running or not (default .data)
  --tenant <name>        (default demo; with DATABASE_URL: required)
  DATABASE_URL, QDRANT_URL, EMBEDDINGS_BASE_URL for a deployed platform

  --json                 one JSON object per line instead of the progress bar
  --help

Exit code: 0 all read, 1 something could not be read, 2 wrong usage, 130 stopped by Ctrl-C.`;

const flags = {
  department: { type: "string" },
  collection: { type: "string" },
  allow: { type: "string", multiple: true },
  deny: { type: "string", multiple: true },
  level: { type: "string" },
  follow: { type: "string" },
  sitemap: { type: "boolean" },
  "max-pages": { type: "string" },
  "allow-host": { type: "string", multiple: true },
  key: { type: "string" },
  "title-column": { type: "string" },
  "max-rows": { type: "string" },
  timeout: { type: "string" },
  "data-dir": { type: "string" },
  tenant: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** What to read: its kind is told from its form. */
export type Target =
  | { readonly kind: "files"; readonly path: string }
  | {
      readonly kind: "web";
      readonly url: string;
      readonly depth: number;
      readonly sitemap: boolean;
      readonly maxPages: number;
      readonly allowedHosts: readonly string[];
    }
  | {
      readonly kind: "sql";
      readonly file: string;
      readonly keyColumn: string;
      readonly titleColumn?: string;
      readonly maxRows: number;
      readonly timeoutSeconds: number;
    };

export interface CliOptions {
  readonly target: Target;
  readonly department: string;
  readonly collection?: string;
  readonly acl: DocumentAcl;
  readonly dataDir: string;
  readonly tenant?: string;
  readonly json: boolean;
}

/** Reads the command line. @throws UsageError that names the flag, what it got and what is allowed */
export function parseOptions(argv: readonly string[]): CliOptions | "help" {
  const { values, positionals } = readArgs(argv);
  if (values.help) return "help";
  const [target, ...more] = positionals;
  if (target === undefined) throw new UsageError("nothing to read; give a file, folder, address or query.sql");
  if (more.length > 0) throw new UsageError(`one thing at a time; got ${positionals.join(" ")}`);
  if (values.department === undefined)
    throw new UsageError("--department is missing; give the owning department's code");
  if (values.allow === undefined) {
    throw new UsageError(
      "--allow is missing, so nobody could read it; give principals such as department:hr or tenant:all",
    );
  }
  return {
    target: parseTarget(target, values),
    department: check("--department", codeSchema, values.department),
    ...(values.collection === undefined ? {} : { collection: check("--collection", codeSchema, values.collection) }),
    acl: {
      allow: check("--allow", documentAclSchema.shape.allow, values.allow),
      deny: check("--deny", documentAclSchema.shape.deny, values.deny ?? []),
      level: readNumber("--level", values.level ?? "1", 0, 3),
    },
    dataDir: resolve(values["data-dir"] ?? ".data"),
    ...(values.tenant === undefined ? {} : { tenant: values.tenant }),
    json: values.json ?? false,
  };
}

function readArgs(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: true, strict: true });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error);
    throw new UsageError(`${reason}; --help lists what there is`, { cause: error });
  }
}

function parseTarget(target: string, values: ReturnType<typeof readArgs>["values"]): Target {
  if (/^https?:\/\//i.test(target)) {
    if (!URL.canParse(target)) throw new UsageError(`${target} is not an address`);
    const { href, hostname } = new URL(target);
    return {
      kind: "web",
      url: href,
      depth: readNumber("--follow", values.follow ?? "0", 0, 10),
      sitemap: values.sitemap ?? false,
      maxPages: readNumber("--max-pages", values["max-pages"] ?? "500", 1, 100_000),
      // Who names a page wants it read; where it may lead is for --allow-host to say.
      allowedHosts: [hostname, ...(values["allow-host"] ?? [])].map((host) => host.toLowerCase()),
    };
  }
  if (!target.toLowerCase().endsWith(".sql")) return { kind: "files", path: target };
  if (values.key === undefined) throw new UsageError("--key is missing; name the column that identifies a row");
  return {
    kind: "sql",
    file: target,
    keyColumn: values.key,
    ...(values["title-column"] === undefined ? {} : { titleColumn: values["title-column"] }),
    maxRows: readNumber("--max-rows", values["max-rows"] ?? "10000", 1, 1_000_000),
    timeoutSeconds: readNumber("--timeout", values.timeout ?? "30", 1, 3_600),
  };
}

function readNumber(flag: string, text: string, min: number, max: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`${flag} got ${JSON.stringify(text)}; give a whole number from ${min} to ${max}`);
}

function check<Schema extends z.ZodType>(flag: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path[0];
  const got = Array.isArray(value) && typeof place === "number" ? (value[place] as unknown) : value;
  throw new UsageError(`${flag} got ${JSON.stringify(got)}; it ${issue?.message ?? "is not valid"}`);
}
