import type { ComputeHost } from "./compute-hosts.ts";
import type { ModelRequest } from "./fleet-request.ts";
import { GIB, kvBytesPerToken, MAX_SEQUENCES, type MemoryEstimate } from "./memory.ts";
import { explainCrowding, explainMisfit } from "./placement-advice.ts";
import {
  deviceGiB,
  devicePercent,
  eligibleHosts,
  searchPlacement,
  smallestFit,
  type Spot,
} from "./placement-search.ts";
import { FleetError, type FleetProblem } from "./problems.ts";

/** One model server: where it runs and how it is sized. */
export interface PlacedReplica {
  /** `<role>-<n>`, counted from 1. */
  readonly name: string;
  readonly request: ModelRequest;
  readonly host: ComputeHost;
  /** Indices of its GPUs on the host; empty on a host without GPUs. */
  readonly gpus: readonly number[];
  readonly tensorParallel: number;
  /** Need per GPU for the context and sequences that were asked for. */
  readonly memory: MemoryEstimate;
  /** Share of each GPU it may take, 0 to 1. */
  readonly memoryFraction: number;
  /** Tokens computed in one step. */
  readonly batchTokens: number;
  /** Tokens the KV cache holds with all memory it was given; 0 for embedding models. */
  readonly kvTokens: number;
  /** Sequences of the whole context that fit at once; 0 for embedding models. */
  readonly fullContextSequences: number;
  /** Sequences the scheduler runs at once; with usual lengths they fit. */
  readonly maxSequences: number;
}

/** Where everything runs: hosts by name, replicas by role and number. */
export interface Placement {
  readonly hosts: readonly ComputeHost[];
  readonly replicas: readonly PlacedReplica[];
}

/**
 * Decides where each replica runs and how its memory is spent. Deterministic and independent of the order of its input.
 * @throws FleetError when a model fits nowhere or the fleet is full, with the GiB missing and the nearest changes that fit
 */
export function placeFleet(givenRequests: readonly ModelRequest[], givenHosts: readonly ComputeHost[]): Placement {
  const requests = sortBy(givenRequests, ({ role }) => role);
  const hosts = sortBy(givenHosts, ({ name }) => name);
  const misfits: FleetProblem[] = requests
    .filter((request) => !eligibleHosts(request, hosts).some((host) => smallestFit(request, host)))
    .map((request) => explainMisfit(request, hosts));
  if (misfits.length > 0) throw new FleetError(misfits);
  const spots = searchPlacement(requests, hosts);
  if (!spots) throw new FleetError([explainCrowding(requests, hosts)]);
  const replicas = spots.map((spot) => sizeReplica(spot, spots));
  return { hosts, replicas: sortBy(replicas, ({ request, name }) => `${request.role} ${name.padStart(32)}`) };
}

/** Sorts by code unit, not by locale: the result must be the same on every machine. */
function sortBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function sizeReplica(spot: Spot, all: readonly Spot[]): PlacedReplica {
  const { request, fit, host } = spot;
  const memoryFraction = givenPercent(spot, all) / 100;
  const beside = fit.memory.totalGiB - fit.memory.kvGiB;
  const perToken = kvBytesPerToken(request.model, fit.tensorParallel);
  const pool = Math.max(0, deviceGiB(host) * memoryFraction - beside);
  const kvTokens = perToken === 0 ? 0 : Math.floor((pool * GIB) / perToken);
  const usual = Math.floor(kvTokens / Math.min(request.typicalTokens, request.context));
  return {
    name: `${request.role}-${spot.replica + 1}`,
    request,
    host,
    gpus: spot.gpus,
    tensorParallel: fit.tensorParallel,
    memory: fit.memory,
    memoryFraction,
    batchTokens: fit.batchTokens,
    kvTokens,
    fullContextSequences: Math.floor(kvTokens / request.context),
    maxSequences: Math.min(MAX_SEQUENCES, Math.max(request.sequences, usual)),
  };
}

/** Percent of each GPU a replica gets: its need, and what nobody needs goes to the KV caches on that GPU. */
function givenPercent(spot: Spot, all: readonly Spot[]): number {
  const { host, fit } = spot;
  // Without a GPU the KV cache is plain memory the rest of the machine would miss, so it stays at what was asked for.
  if (!host.accelerator || spot.request.model.kind !== "generate") return fit.percent;
  const onGpu = all.filter((other) => other.host === host && other.gpus.some((gpu) => spot.gpus.includes(gpu)));
  const needed = onGpu.reduce((sum, other) => sum + other.fit.percent, 0);
  const caches = onGpu.filter((other) => other.request.model.kind === "generate").length;
  return fit.percent + Math.floor((devicePercent(host) - needed) / caches);
}
