import { accelerators } from "./accelerators.ts";
import type { ComputeHost } from "./compute-hosts.ts";
import type { ModelRequest } from "./fleet-request.ts";
import { deviceGiB, devicePercent, eligibleHosts, type Fit, fitOn, smallestFit } from "./placement-search.ts";
import { type FleetProblem, listNames } from "./problems.ts";
import { allowedTensorParallel } from "./tensor-parallel.ts";

/** Shorter contexts are no use to an agent, so none is proposed. */
const MIN_CONTEXT = 4096;

/** Says why one model fits on no host, how much is missing, and the nearest changes that would fit. */
export function explainMisfit(request: ModelRequest, hosts: readonly ComputeHost[]): FleetProblem {
  const field = `roles.${request.role}`;
  const nearest = nearestMiss(request, eligibleHosts(request, hosts));
  const changes = proposeChanges(request, hosts);
  const advice = changes.length > 0 ? `it would fit with: ${changes.join("; or ")}` : "no single change makes it fit";
  if (!nearest) {
    return { field, message: `${title(request)} fits on no host: ${noHostReason(request, hosts)}; ${advice}` };
  }
  const { host, fit, missingGiB } = nearest;
  const offered = (deviceGiB(host) * devicePercent(host)) / 100;
  const device = host.accelerator ? `${fit.tensorParallel} x ${host.accelerator.name}` : "memory";
  return {
    field,
    message:
      `${title(request)} fits on no host: nearest is \`${host.name}\` with ${device}, where it needs ${gib(fit.memory.totalGiB)} per device ` +
      `(${describeMemory(fit)}) of ${gib(offered)} that may be used: ${gib(missingGiB)} missing; ${advice}`,
  };
}

/** Says that everything fits alone but not together. */
export function explainCrowding(requests: readonly ModelRequest[], hosts: readonly ComputeHost[]): FleetProblem {
  const needs = requests.map((request) => {
    const options = eligibleHosts(request, hosts).flatMap((host) => {
      const fit = smallestFit(request, host);
      return fit ? [`${fit.tensorParallel} x ${host.accelerator?.name ?? "CPU"} at ${fit.percent} %`] : [];
    });
    return `${request.replicas} x ${request.role} (${[...new Set(options)].join(" or ")})`;
  });
  return {
    field: "roles",
    message: `each model fits alone, but not all together: ${needs.join(", ")} on ${hosts.map(describeHost).join(", ")}; add a host, or ask for fewer \`replicas\``,
  };
}

function title({ model, checkpoint, context, sequences }: ModelRequest): string {
  const load = model.kind === "generate" ? ` with ${sequences} x ${context} tokens` : "";
  return `\`${model.id}\` (${checkpoint.quantisation})${load}`;
}

function describeMemory({ memory }: Fit): string {
  const { weightsGiB, kvGiB, activationsGiB, cudaGraphsGiB, runtimeGiB } = memory;
  return (
    `weights ${weightsGiB.toFixed(1)}, KV cache ${kvGiB.toFixed(1)}, activations ${activationsGiB.toFixed(1)}, ` +
    `CUDA graphs ${cudaGraphsGiB.toFixed(1)}, runtime ${runtimeGiB.toFixed(1)}`
  );
}

function gib(value: number): string {
  // Rounded up, so that a shortage of a few MiB does not read as none.
  return `${(Math.ceil(value * 10) / 10).toFixed(1)} GiB`;
}

function noHostReason(request: ModelRequest, hosts: readonly ComputeHost[]): string {
  const { checkpoint, tensorParallel } = request;
  const offers = eligibleHosts(request, hosts).map(describeHost);
  return (
    `it needs ${tensorParallel.join(" or ")} GPUs of compute capability ${checkpoint.minComputeCapability} or later ` +
    `and may use ${listNames(offers)}`
  );
}

function describeHost({ name, gpus, accelerator }: ComputeHost): string {
  return accelerator ? `${name} with ${gpus} x ${accelerator.name}` : `${name} without GPUs`;
}

function nearestMiss(request: ModelRequest, hosts: readonly ComputeHost[]) {
  return hosts
    .filter(
      ({ accelerator }) => !accelerator || accelerator.computeCapability >= request.checkpoint.minComputeCapability,
    )
    .flatMap((host) =>
      request.tensorParallel
        .filter((size) => size <= Math.max(1, host.gpus))
        .map((size) => {
          const fit = fitOn(request, host, size);
          return { host, fit, missingGiB: fit.memory.totalGiB - (deviceGiB(host) * devicePercent(host)) / 100 };
        }),
    )
    .sort((a, b) => a.missingGiB - b.missingGiB || (a.host.name < b.host.name ? -1 : 1))[0];
}

/** Single changes that make the model fit, the least disturbing first. */
export function proposeChanges(request: ModelRequest, hosts: readonly ComputeHost[]): string[] {
  const own = eligibleHosts(request, hosts);
  const fits = (changed: ModelRequest, on = own) => on.some((host) => smallestFit(changed, host));
  const { model, checkpoint } = request;
  const changes: string[] = [];

  const context = model.kind === "generate" ? longestContext(request, fits) : undefined;
  if (context !== undefined) changes.push(`\`context: ${context}\``);

  const sequences = Array.from({ length: request.sequences - 1 }, (_, index) => request.sequences - 1 - index);
  const fewer =
    model.kind === "generate" ? sequences.find((count) => fits({ ...request, sequences: count })) : undefined;
  if (fewer !== undefined) changes.push(`\`sequences: ${fewer}\``);

  const tensorParallel = allowedTensorParallel(model, checkpoint);
  if (fits({ ...request, tensorParallel })) changes.push("`tensorParallel` left out");

  for (const other of model.checkpoints) {
    const changed = { ...request, checkpoint: other, tensorParallel: allowedTensorParallel(model, other) };
    if (other !== checkpoint && fits(changed)) changes.push(`\`quantisation: ${other.quantisation}\``);
  }
  return [...changes, ...moreGpus(request, own), ...otherGpu(request)];
}

function longestContext(request: ModelRequest, fits: (changed: ModelRequest) => boolean): number | undefined {
  for (let context = Math.floor((request.context - 1) / 1024) * 1024; context >= MIN_CONTEXT; context -= 1024) {
    if (fits({ ...request, context })) return context;
  }
  return undefined;
}

/** The same card, in greater number. */
function moreGpus(request: ModelRequest, hosts: readonly ComputeHost[]): string[] {
  const tensorParallel = allowedTensorParallel(request.model, request.checkpoint);
  const proposals = hosts.flatMap((host) => {
    if (!host.accelerator) return [];
    const fit = smallestFit({ ...request, tensorParallel }, { ...host, gpus: 8 });
    return fit && fit.tensorParallel > host.gpus ? [`${fit.tensorParallel} x ${host.accelerator.name}`] : [];
  });
  return [...new Set(proposals)];
}

/** The smallest known card that holds the model alone. */
function otherGpu(request: ModelRequest): string[] {
  const fitting = Object.entries(accelerators)
    .map(([name, card]): ComputeHost => ({
      name,
      accelerator: { name, ...card },
      gpus: 1,
      memoryGiB: 0,
      usdPerHour: 0,
      priceBasis: "",
    }))
    .filter((host) => smallestFit({ ...request, tensorParallel: [1] }, host))
    .sort((a, b) => deviceGiB(a) - deviceGiB(b) || (a.name < b.name ? -1 : 1));
  return fitting[0] ? [`1 x ${fitting[0].name}`] : [];
}
