import type { PlacedReplica, Placement } from "./placement.ts";
import { HOURS_PER_MONTH } from "./compute-hosts.ts";
import { type MonthlyBill, monthlyBill, replicaUsdPerHour, tokenPrice } from "./pricing.ts";
import { type ReplicaThroughput, replicaThroughput } from "./throughput.ts";

/** One replica in the fleet table. Memory is per GPU. */
export interface FleetRow {
  readonly replica: string;
  readonly model: string;
  readonly quantisation: string;
  readonly host: string;
  /** Accelerator, or `cpu`. */
  readonly accelerator: string;
  readonly gpus: readonly number[];
  readonly tensorParallel: number;
  readonly context: number;
  readonly weightsGiB: number;
  readonly kvGiB: number;
  /** Activations, CUDA graphs and runtime. */
  readonly overheadGiB: number;
  readonly memoryFraction: number;
  /** Tokens the KV cache holds; 0 for embedding models. */
  readonly kvTokens: number;
  readonly fullContextSequences: number;
  readonly maxSequences: number;
  readonly usdPerMonth: number;
  readonly inputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
  readonly throughputBasis: ReplicaThroughput["basis"];
  /** Monthly price of the time nobody uses, where an expected load is stated. */
  readonly idleUsdPerMonth?: number;
}

/** The fleet, one row per replica, sorted by name. */
export function describeFleet(placement: Placement): FleetRow[] {
  return placement.replicas.map((replica) => describeReplica(replica, placement));
}

function describeReplica(replica: PlacedReplica, placement: Placement): FleetRow {
  const { request, host, memory } = replica;
  const usdPerHour = replicaUsdPerHour(replica, placement);
  const usdPerMonth = usdPerHour * HOURS_PER_MONTH;
  const throughput = replicaThroughput(replica);
  return {
    replica: replica.name,
    model: request.model.id,
    quantisation: request.checkpoint.quantisation,
    host: host.name,
    accelerator: host.accelerator?.name ?? "cpu",
    gpus: replica.gpus,
    tensorParallel: replica.tensorParallel,
    context: request.context,
    weightsGiB: memory.weightsGiB,
    kvGiB: memory.kvGiB,
    overheadGiB: memory.activationsGiB + memory.cudaGraphsGiB + memory.runtimeGiB,
    memoryFraction: replica.memoryFraction,
    kvTokens: replica.kvTokens,
    fullContextSequences: replica.fullContextSequences,
    maxSequences: replica.maxSequences,
    usdPerMonth,
    ...tokenPrice(usdPerHour, throughput),
    throughputBasis: throughput.basis,
    ...(request.expectedLoad === undefined ? {} : { idleUsdPerMonth: usdPerMonth * (1 - request.expectedLoad) }),
  };
}

type Column = [header: string, cell: (row: FleetRow) => string, align?: "right"];

const columns: readonly Column[] = [
  ["replica", (row) => row.replica],
  ["model", (row) => `${row.model} ${row.quantisation}`],
  ["host", (row) => row.host],
  ["gpus", (row) => (row.gpus.length === 0 ? "cpu" : `${row.accelerator} ${row.gpus.join(",")}`)],
  ["tp", (row) => String(row.tensorParallel), "right"],
  ["weights", (row) => row.weightsGiB.toFixed(1), "right"],
  ["kv", (row) => row.kvGiB.toFixed(1), "right"],
  ["overhead", (row) => row.overheadGiB.toFixed(1), "right"],
  ["share", (row) => `${Math.round(row.memoryFraction * 100)} %`, "right"],
  ["context", (row) => String(row.context), "right"],
  ["full seqs", (row) => (row.kvTokens === 0 ? "-" : String(row.fullContextSequences)), "right"],
  ["USD/month", (row) => row.usdPerMonth.toFixed(0), "right"],
  ["USD/1M in", (row) => usd(row.inputUsdPerMillion, row), "right"],
  ["USD/1M out", (row) => (row.kvTokens === 0 ? "-" : usd(row.outputUsdPerMillion, row)), "right"],
];

/** Small prices keep two digits: one that reads 0.000 would look free. */
function usd(value: number, { throughputBasis }: FleetRow): string {
  const text = value < 0.01 ? value.toPrecision(2) : value.toFixed(3);
  return throughputBasis === "estimated" ? `~${text}` : text;
}

/** The fleet and its monthly bill as aligned text for a terminal. */
export function renderFleetTable(placement: Placement): string {
  const rows = describeFleet(placement);
  if (rows.length === 0) return "No models.\n";
  return [
    ...alignColumns(rows),
    "",
    "GiB are per GPU; `full seqs` run at once with the whole context; ~ marks prices from an estimated throughput.",
    "",
    ...billLines(monthlyBill(placement), rows),
    "",
  ].join("\n");
}

function alignColumns(rows: readonly FleetRow[]): string[] {
  const cells = [columns.map(([header]) => header), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.[2] === "right" ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}

function billLines(bill: MonthlyBill, rows: readonly FleetRow[]): string[] {
  const lines: [string, number][] = bill.lines.map((line) => [line.component, line.usdPerMonth]);
  lines.push(["total per month", bill.totalUsdPerMonth]);
  const idle = rows.flatMap((row): [string, number][] =>
    row.idleUsdPerMonth === undefined ? [] : [[`of it idle: ${row.replica}`, row.idleUsdPerMonth]],
  );
  const all = [...lines, ...idle];
  const width = Math.max(...all.map(([label]) => label.length));
  return all.map(([label, value]) => `${label.padEnd(width)}  ${value.toFixed(2).padStart(10)} USD`);
}
