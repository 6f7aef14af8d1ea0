import { parseArgs } from "node:util";
import { verifyAudit, type AuditReport } from "../audit.ts";
import { withDatabase } from "./with-database.ts";

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
  const report = await withDatabase(values["data-dir"], ({ db }) => verifyAudit(db));
  console.log(values.json ? JSON.stringify(report) : describe(report));
  if (report.broken) process.exitCode = 1;
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
