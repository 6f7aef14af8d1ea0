import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { verifyAudit, type AuditReport } from "../audit.ts";
import { openEmbedded, openPostgres, type Database } from "../db/database.ts";
import { claimDataFolder } from "../db/data-folder.ts";

const usage = `Usage: npm run audit:verify -- [--data-dir <folder>] [--json]

Checks every row of the audit trail against the one before it and names the first that was changed, removed or put in.
Reads the database of DATABASE_URL, or the embedded one in the folder (default .data).
Exit code: 0 whole, 1 broken, 2 could not be checked.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "data-dir": { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const url = process.env.DATABASE_URL;
  const folder = values["data-dir"];
  const report = url && folder === undefined ? await verifyServer(url) : await verifyFolder(resolve(folder ?? ".data"));
  console.log(values.json ? JSON.stringify(report) : describe(report));
  if (report.broken) process.exitCode = 1;
}

async function verifyServer(url: string): Promise<AuditReport> {
  return verifyAndClose(await openPostgres(url, 1));
}

async function verifyFolder(folder: string): Promise<AuditReport> {
  if (!existsSync(join(folder, "postgres"))) {
    throw new Error(`${folder} holds no platform; name its folder with --data-dir or set DATABASE_URL`);
  }
  const claim = await claimDataFolder(folder);
  try {
    return await verifyAndClose(await openEmbedded(join(folder, "postgres")));
  } finally {
    await claim.release();
  }
}

async function verifyAndClose(database: Database): Promise<AuditReport> {
  try {
    return await verifyAudit(database.db);
  } finally {
    await database.close();
  }
}

function describe({ rows, head, broken }: AuditReport): string {
  if (broken) return `Audit trail broken: row ${broken.seq} ${broken.reason}. ${rows} rows before it are whole.`;
  return `Audit trail whole: ${rows} rows, newest hash ${head || "none"}. Note it elsewhere to prove later that it stayed.`;
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`audit:verify: ${message.split("\n")[0] ?? message}`);
  process.exitCode = 2;
});
