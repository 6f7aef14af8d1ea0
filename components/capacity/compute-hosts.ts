import * as z from "zod";

import { type Accelerator, accelerators as knownAccelerators, type AcceleratorSpec } from "./accelerators.ts";
import { ec2PriceSource, ec2Types } from "./ec2-types.ts";
import { FleetError, type FleetProblem, listNames } from "./problems.ts";

/** Hours in a billing month (365 days / 12). */
export const HOURS_PER_MONTH = 730;

/** What a machine that was bought costs. */
export const ownershipSchema = z.strictObject({
  /** Price paid, USD. */
  purchaseUsd: z.number(),
  /** Years it is written off over. */
  lifetimeYears: z.number(),
  /** Average draw at the wall, cooling included. */
  watts: z.number(),
  /** USD per kWh. */
  usdPerKwh: z.number(),
});
export type Ownership = Readonly<z.output<typeof ownershipSchema>>;

/** A machine models can run on: an EC2 type, or cards listed by hand; with neither, a machine without GPUs. */
export const computeHostSchema = z.strictObject({
  /** EC2 type, which sets accelerator, GPUs, memory and, with `region`, the price. */
  ec2Type: z.string().optional(),
  /** AWS region the price is looked up in. @default "us-east-1" */
  region: z.string().optional(),
  /** Name of a known or configured accelerator. */
  accelerator: z.string().optional(),
  /** Number of cards. @default 1 with an accelerator */
  gpus: z.int().positive().optional(),
  /** Host memory, GiB. Needed where models run without a GPU. */
  memoryGiB: z.number().positive().optional(),
  /** USD per hour; beats the price table. */
  usdPerHour: z.number().optional(),
  /** Costs of a machine that was bought; instead of `usdPerHour`. */
  owned: ownershipSchema.optional(),
});
export type ComputeHostSpec = Readonly<z.output<typeof computeHostSchema>>;

/** A machine with everything the placement and the prices need. */
export interface ComputeHost {
  readonly name: string;
  /** Absent on a machine without GPUs. */
  readonly accelerator?: Accelerator;
  /** 0 on a machine without GPUs. */
  readonly gpus: number;
  /** Host memory in GiB; 0 when not stated. */
  readonly memoryGiB: number;
  readonly usdPerHour: number;
  /** Where the price comes from. */
  readonly priceBasis: string;
}

/** Hourly cost of a bought machine: write-off plus power. */
export function ownedUsdPerHour(owned: Ownership): number {
  const writeOff = owned.purchaseUsd / (owned.lifetimeYears * 12 * HOURS_PER_MONTH);
  return writeOff + (owned.watts / 1000) * owned.usdPerKwh;
}

/**
 * Completes host descriptions from the accelerator and price tables, sorted by name.
 * @param own accelerators added by configuration; they beat the table
 * @throws FleetError naming every host that is incomplete
 */
export function resolveHosts(
  specs: Readonly<Record<string, ComputeHostSpec>>,
  own: Readonly<Record<string, AcceleratorSpec>> = {},
): ComputeHost[] {
  const known = { ...knownAccelerators, ...own };
  const problems: FleetProblem[] = [];
  const hosts = Object.keys(specs)
    .sort()
    .flatMap((name) => {
      const spec = specs[name];
      return spec ? [resolveHost(name, spec, known, (problem) => problems.push(problem))] : [];
    });
  if (problems.length > 0) throw new FleetError(problems);
  return hosts;
}

function resolveHost(
  name: string,
  spec: ComputeHostSpec,
  known: Readonly<Record<string, AcceleratorSpec>>,
  report: (problem: FleetProblem) => void,
): ComputeHost {
  const field = `hosts.${name}`;
  const ec2 = spec.ec2Type === undefined ? undefined : ec2Types[spec.ec2Type];
  if (spec.ec2Type !== undefined && !ec2) {
    report({
      field: `${field}.ec2Type`,
      message: `unknown type \`${spec.ec2Type}\`; known: ${listNames(Object.keys(ec2Types))}; or state \`accelerator\`, \`gpus\` and \`usdPerHour\``,
    });
  }
  const acceleratorName = spec.accelerator ?? ec2?.accelerator;
  const card = acceleratorName === undefined ? undefined : known[acceleratorName];
  if (acceleratorName !== undefined && !card) {
    report({
      field: `${field}.accelerator`,
      message: `unknown accelerator \`${acceleratorName}\`; known: ${listNames(Object.keys(known))}; add your own under \`accelerators\``,
    });
  }
  const price = hostPrice(field, spec, report);
  return {
    name,
    ...(card && acceleratorName !== undefined ? { accelerator: { name: acceleratorName, ...card } } : {}),
    gpus: card ? (spec.gpus ?? ec2?.gpus ?? 1) : 0,
    memoryGiB: spec.memoryGiB ?? ec2?.memoryGiB ?? 0,
    ...price,
  };
}

/** A price of 0 is refused everywhere: it would book every token served there at nothing. */
function hostPrice(
  field: string,
  spec: ComputeHostSpec,
  report: (problem: FleetProblem) => void,
): { usdPerHour: number; priceBasis: string } {
  const unpriced = { usdPerHour: 0, priceBasis: "none" };
  if (spec.usdPerHour !== undefined && spec.owned) {
    report({ field: `${field}.owned`, message: "stands beside `usdPerHour`; give one of the two" });
    return unpriced;
  }
  if (spec.usdPerHour !== undefined) {
    if (!(spec.usdPerHour > 0)) {
      report({
        field: `${field}.usdPerHour`,
        message: `got ${spec.usdPerHour}; must be more than 0, or its tokens cost nothing in the books`,
      });
    }
    return { usdPerHour: spec.usdPerHour, priceBasis: "stated per hour" };
  }
  if (spec.owned) {
    for (const [key, value] of Object.entries(spec.owned)) {
      if (!(value > 0)) report({ field: `${field}.owned.${key}`, message: `got ${value}; must be more than 0` });
    }
    return {
      usdPerHour: ownedUsdPerHour(spec.owned),
      priceBasis: `bought, written off over ${spec.owned.lifetimeYears} years, with power`,
    };
  }
  const region = spec.region ?? "us-east-1";
  const prices = spec.ec2Type === undefined ? undefined : ec2Types[spec.ec2Type]?.usdPerHour;
  const listed = prices?.[region];
  if (listed !== undefined) return { usdPerHour: listed, priceBasis: `on-demand ${region}, ${ec2PriceSource.date}` };
  report({
    field: `${field}.usdPerHour`,
    message: prices
      ? `no price known for \`${spec.ec2Type ?? ""}\` in ${region}; regions with a price: ${listNames(Object.keys(prices))}; state \`usdPerHour\``
      : "missing; state `usdPerHour`, or `owned` with purchase price, lifetime and power",
  });
  return unpriced;
}
