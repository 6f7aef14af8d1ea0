import { HOURS_PER_MONTH } from "./compute-hosts.ts";
import type { Throughput } from "./fleet-request.ts";
import type { PlacedReplica, Placement } from "./placement.ts";

/** One line of the monthly bill. */
export interface CostLine {
  /** Replica name, `<host> (unused)` for cards nobody uses, or a host's name where it runs no model. */
  readonly component: string;
  readonly host: string;
  readonly usdPerMonth: number;
}

export interface MonthlyBill {
  readonly lines: readonly CostLine[];
  /** Sum of the lines, and of the hosts' prices: no hour is lost or counted twice. */
  readonly totalUsdPerMonth: number;
}

/** USD per million tokens at full load. */
export interface TokenPrice {
  readonly inputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
}

/** A bill split by what the hardware did. */
export interface BillSplit {
  readonly inputUsd: number;
  readonly outputUsd: number;
  /** Paid for, unused. Negative when more tokens were served than the throughput allows: then it was stated too low. */
  readonly idleUsd: number;
}

/**
 * Share of its host a replica pays for: each card counts the same, and models that share a card share its price by
 * memory. On a host without GPUs, the share of memory it takes.
 */
export function hostShare(replica: PlacedReplica, placement: Placement): number {
  const { host } = replica;
  if (host.gpus === 0) return replica.memoryFraction;
  const perGpu = replica.gpus.map((gpu) => {
    const onGpu = placement.replicas.filter((other) => other.host.name === host.name && other.gpus.includes(gpu));
    const given = onGpu.reduce((sum, other) => sum + other.memoryFraction, 0);
    return replica.memoryFraction / given;
  });
  return perGpu.reduce((sum, share) => sum + share, 0) / host.gpus;
}

/** What a replica costs per hour, on paper. */
export function replicaUsdPerHour(replica: PlacedReplica, placement: Placement): number {
  return replica.host.usdPerHour * hostShare(replica, placement);
}

/** The monthly bill of the fleet's hosts (730 hours), by replica; what no replica pays for has its own lines. */
export function monthlyBill(placement: Placement): MonthlyBill {
  const lines = placement.hosts.flatMap((host): CostLine[] => {
    const onHost = placement.replicas.filter((replica) => replica.host.name === host.name);
    const used = onHost.map((replica) => ({
      component: replica.name,
      host: host.name,
      usdPerMonth: replicaUsdPerHour(replica, placement) * HOURS_PER_MONTH,
    }));
    const total = host.usdPerHour * HOURS_PER_MONTH;
    const rest = total - used.reduce((sum, { usdPerMonth }) => sum + usdPerMonth, 0);
    const component = host.gpus > 0 ? `${host.name} (unused)` : host.name;
    // Below a cent it is rounding, not hardware.
    return rest < 0.01 ? used : [...used, { component, host: host.name, usdPerMonth: rest }];
  });
  return { lines, totalUsdPerMonth: lines.reduce((sum, { usdPerMonth }) => sum + usdPerMonth, 0) };
}

/** Price of a token: the time it occupies the replica, at the replica's hourly price. */
export function tokenPrice(usdPerHour: number, throughput: Throughput): TokenPrice {
  const usdPerMillion = (tokensPerSecond: number) => (usdPerHour / 3600 / tokensPerSecond) * 1e6;
  return {
    inputUsdPerMillion: usdPerMillion(throughput.prefillTokensPerSecond),
    outputUsdPerMillion: usdPerMillion(throughput.decodeTokensPerSecond),
  };
}

/** Splits what was paid for a replica between the tokens it served and idle time; the three add up to `usd`. */
export function splitBill(usd: number, price: TokenPrice, inputTokens: number, outputTokens: number): BillSplit {
  const inputUsd = (inputTokens / 1e6) * price.inputUsdPerMillion;
  const outputUsd = (outputTokens / 1e6) * price.outputUsdPerMillion;
  return { inputUsd, outputUsd, idleUsd: usd - inputUsd - outputUsd };
}
