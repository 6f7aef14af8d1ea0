import { parseArgs } from "node:util";
import { z } from "zod";
import { usage } from "../db/schema/index.ts";
import { reconcile, tolerance, type Reconciliation } from "../reconcile.ts";
import { summariseUsage, type UsageLine } from "../usage.ts";
import { withDatabase } from "./with-database.ts";

const help = `Usage: npm run usage:reconcile -- --month 2026-10 --bill-usd 4380 [--idle-usd 900] [--data-dir <folder>] [--json]

Holds what departments were charged in a month against what the GPU machines cost: charged + idle = bill, within ${tolerance * 100} %.
Without --idle-usd, what was not charged counts as idle. Reads the database of DATABASE_URL, or the embedded one.
Exit code: 0 balanced, 1 not balanced, 2 could not be checked.`;

const dollars = (flag: string) =>
  z.coerce.number({ error: `${flag} must be an amount in US dollars` }).min(0, `${flag} must not be below 0`);
const argumentsSchema = z.object({
  month: z.string({ error: "--month is missing" }).regex(/^\d{4}-(0[1-9]|1[0-2])$/, "--month must be like 2026-10"),
  "bill-usd": dollars("--bill-usd").refine((bill) => bill > 0, "--bill-usd must be above 0"),
  "idle-usd": dollars("--idle-usd").optional(),
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      month: { type: "string" },
      "bill-usd": { type: "string" },
      "idle-usd": { type: "string" },
      "data-dir": { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const given = argumentsSchema.safeParse(values);
  if (!given.success) throw new Error(given.error.issues.map(({ message }) => message).join("; "));
  const { month, "bill-usd": bill, "idle-usd": idle } = given.data;
  const lines = await withDatabase(values["data-dir"], async ({ db }) => {
    const tenants = await db.selectDistinct({ tenant: usage.tenant }).from(usage);
    const sums = tenants.map(({ tenant }) => summariseUsage(db, { tenant, ...periodOf(month), by: ["department"] }));
    return (await Promise.all(sums)).flat();
  });
  const result = reconcile(bill, sum(lines), idle);
  console.log(values.json ? JSON.stringify({ month, ...result, departments: lines }) : describe(month, result, lines));
  if (!result.balanced) process.exitCode = 1;
}

function periodOf(month: string): { from: Date; to: Date } {
  const from = new Date(`${month}-01T00:00:00Z`);
  return { from, to: new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1)) };
}

const sum = (lines: readonly UsageLine[]) => lines.reduce((total, { cost }) => total + Number(cost), 0);

function describe(month: string, result: Reconciliation, lines: readonly UsageLine[]): string {
  const rows: [string, number][] = [
    ...lines.map(({ department, cost }): [string, number] => [department ?? "", Number(cost)]),
    ["charged", result.booked],
    ["idle", result.idle],
    ["unexplained", result.unexplained],
    ["bill", result.bill],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, amount]) => `${name.padEnd(width)}  ${amount.toFixed(2).padStart(12)} USD`);
  const verdict = result.balanced
    ? `${month}: balanced within ${tolerance * 100} %.`
    : `${month}: not balanced. Charged more than the bill: lower the models' prices. Less: measure idle time again.`;
  return [...table, verdict].join("\n");
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`usage:reconcile: ${message.split("\n")[0] ?? message}`);
  process.exitCode = 2;
});
