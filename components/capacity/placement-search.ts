import type { ComputeHost } from "./compute-hosts.ts";
import type { ModelRequest } from "./fleet-request.ts";
import { batchTokensFor, estimateMemory, MAX_GPU_PERCENT, type MemoryEstimate } from "./memory.ts";

/** Share of a card below which a model is small enough to share it with one other small model. */
export const SMALL_PERCENT = 46;
/** Share of a machine's memory models may take where there is no GPU. */
const MAX_CPU_PERCENT = 80;
/** Placements tried before the search gives up, about half a second; fleets of tens of replicas need hundreds. */
const MAX_STEPS = 5000;

/** How a model sits on a kind of host. */
export interface Fit {
  readonly tensorParallel: number;
  readonly batchTokens: number;
  readonly memory: MemoryEstimate;
  /** Memory each GPU must give, in whole percent of its usable memory. */
  readonly percent: number;
}

/** One replica on its GPUs. */
export interface Spot {
  readonly request: ModelRequest;
  /** Counted from 0 within the role. */
  readonly replica: number;
  readonly host: ComputeHost;
  /** Indices; empty on a host without GPUs. */
  readonly gpus: readonly number[];
  readonly fit: Fit;
}

/** Memory of one card, or of the machine where there is none, in GiB. */
export function deviceGiB(host: ComputeHost): number {
  return host.accelerator?.usableGiB ?? host.memoryGiB;
}

/** Share of a device that may be given out, in percent. */
export function devicePercent(host: ComputeHost): number {
  return host.accelerator ? MAX_GPU_PERCENT : MAX_CPU_PERCENT;
}

/** What a model needs on a host when split over so many GPUs, whether or not that fits. */
export function fitOn(request: ModelRequest, host: ComputeHost, tensorParallel: number): Fit {
  const batchTokens = batchTokensFor(request.model, host.accelerator);
  const memory = estimateMemory({ ...request, tensorParallel, batchTokens });
  return { tensorParallel, batchTokens, memory, percent: Math.ceil((100 * memory.totalGiB) / deviceGiB(host)) };
}

/** The split over fewest GPUs that fits a host which is otherwise empty. */
export function smallestFit(request: ModelRequest, host: ComputeHost): Fit | undefined {
  const { accelerator } = host;
  if (accelerator && accelerator.computeCapability < request.checkpoint.minComputeCapability) return undefined;
  return request.tensorParallel
    .filter((size) => size <= Math.max(1, host.gpus))
    .map((size) => fitOn(request, host, size))
    .find(({ percent }) => percent <= devicePercent(host));
}

/** Hosts a role may use: those it names; else those with GPUs; else, in a fleet without any, all. */
export function eligibleHosts(request: ModelRequest, hosts: readonly ComputeHost[]): ComputeHost[] {
  if (request.hosts) return hosts.filter(({ name }) => request.hosts?.includes(name));
  const withGpus = hosts.filter(({ gpus }) => gpus > 0);
  return withGpus.length > 0 ? withGpus : [...hosts];
}

/**
 * Puts every replica on GPUs, or returns undefined when no arrangement was found.
 * Largest needs first; a replica prefers the host with fewest of its siblings, then the least memory that holds it.
 * Going back over earlier choices makes the result independent of the order of the input.
 */
export function searchPlacement(requests: readonly ModelRequest[], hosts: readonly ComputeHost[]): Spot[] | undefined {
  const replicas = bySize(requests).flatMap((request) =>
    Array.from({ length: request.replicas }, (_, replica) => ({ request, replica })),
  );
  const pinned = new Set(requests.flatMap((request) => request.hosts ?? []));
  const placed: Spot[] = [];
  const deadEnds = new Set<string>();
  let steps = 0;
  const place = (index: number): boolean => {
    const next = replicas[index];
    if (!next) return true;
    const state = describeState(hosts, placed, pinned);
    if (deadEnds.has(state)) return false;
    for (const spot of findSpots(next.request, next.replica, hosts, placed)) {
      steps += 1;
      if (steps > MAX_STEPS) return false;
      placed.push(spot);
      if (place(index + 1)) return true;
      placed.pop();
    }
    deadEnds.add(state);
    return false;
  };
  return place(0) ? placed : undefined;
}

/** Equal for arrangements that differ only in which of several like hosts was used, so that each is tried once. */
function describeState(hosts: readonly ComputeHost[], placed: readonly Spot[], pinned: ReadonlySet<string>): string {
  return hosts
    .map((host) => {
      const kind = pinned.has(host.name) ? host.name : `${host.accelerator?.name ?? host.memoryGiB}x${host.gpus}`;
      const onHost = placed.filter((spot) => spot.host === host);
      return `${kind}: ${onHost
        .map(({ request, gpus }) => `${request.role} ${gpus.join(",")}`)
        .sort()
        .join("; ")}`;
    })
    .sort()
    .join("\n");
}

function bySize(requests: readonly ModelRequest[]): ModelRequest[] {
  const size = ({ model, checkpoint, context, sequences }: ModelRequest) =>
    estimateMemory({ model, checkpoint, context, sequences, tensorParallel: 1, batchTokens: 2048 }).totalGiB;
  return [...requests].sort((a, b) => size(b) - size(a) || compareText(a.role, b.role));
}

function findSpots(
  request: ModelRequest,
  replica: number,
  hosts: readonly ComputeHost[],
  placed: readonly Spot[],
): Spot[] {
  return eligibleHosts(request, hosts)
    .flatMap((host) => {
      const fit = smallestFit(request, host);
      if (!fit) return [];
      const onHost = placed.filter((spot) => spot.host === host);
      const siblings = onHost.filter((spot) => spot.request === request).length;
      const places = host.accelerator ? freeGpus(host, fit, onHost) : freeMemory(host, fit, onHost);
      return places.map(({ gpus, shared }) => ({
        spot: { request, replica, host, gpus, fit },
        order: [siblings, Number(shared), deviceGiB(host) * fit.tensorParallel],
      }));
    })
    .sort((a, b) => compareNumbers(a.order, b.order) || compareText(a.spot.host.name, b.spot.host.name))
    .map(({ spot }) => spot);
}

interface FreePlace {
  readonly gpus: number[];
  /** With another model. */
  readonly shared: boolean;
}

/** Empty GPUs, and a GPU with one small model on it. Equal GPUs are interchangeable, so one place of each sort suffices. */
function freeGpus(host: ComputeHost, fit: Fit, onHost: readonly Spot[]): FreePlace[] {
  const all = Array.from({ length: host.gpus }, (_, gpu) => gpu);
  const occupants = (gpu: number) => onHost.filter((spot) => spot.gpus.includes(gpu));
  const isSmall = ({ percent, tensorParallel }: Fit) => percent <= SMALL_PERCENT && tensorParallel === 1;
  const empty = all.filter((gpu) => occupants(gpu).length === 0).slice(0, fit.tensorParallel);
  const shared = all.find((gpu) => {
    const [first, second] = occupants(gpu);
    return isSmall(fit) && first !== undefined && !second && isSmall(first.fit);
  });
  return [
    ...(empty.length === fit.tensorParallel ? [{ gpus: empty, shared: false }] : []),
    ...(shared === undefined ? [] : [{ gpus: [shared], shared: true }]),
  ];
}

function freeMemory(host: ComputeHost, fit: Fit, onHost: readonly Spot[]): FreePlace[] {
  const used = onHost.reduce((sum, spot) => sum + spot.fit.percent, 0);
  return used + fit.percent <= devicePercent(host) ? [{ gpus: [], shared: used > 0 }] : [];
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
