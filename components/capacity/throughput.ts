import type { Throughput } from "./fleet-request.ts";
import { kvBytesPerToken } from "./memory.ts";
import type { PlacedReplica } from "./placement.ts";

/** Share of a card's peak that a model server reaches over a day of mixed load; deliberately low, so that prices err high. */
const EFFICIENCY = 0.4;
/** The same for cards that talk over PCIe when a model is split. */
const PCIE_EFFICIENCY = 0.3;
/** Rough speed of a server CPU: memory bandwidth in bytes and dense arithmetic in operations, per second. */
const CPU = { bandwidth: 100e9, flops: 1e12 };

export interface ReplicaThroughput extends Throughput {
  /** `stated` in the configuration, or `estimated` here. Estimates are for planning; measure before charging anyone. */
  readonly basis: "stated" | "estimated";
}

/**
 * Tokens per second of a replica: what the configuration states, else a roofline estimate.
 * Prefill is bound by arithmetic (2 operations per active parameter and token). Decoding is bound by memory: each step
 * reads the weights once, for as many sequences as run at once, and each sequence's keys and values.
 */
export function replicaThroughput(replica: PlacedReplica): ReplicaThroughput {
  const { request, host, tensorParallel } = replica;
  if (request.throughput) return { ...request.throughput, basis: "stated" };
  const { model, checkpoint } = request;
  const card = host.accelerator;
  const efficiency = card?.interconnect === "pcie" && tensorParallel > 1 ? PCIE_EFFICIENCY : EFFICIENCY;
  const flops = (card ? card.tflopsFp16 * 1e12 : CPU.flops) * tensorParallel * efficiency;
  const bandwidth = (card ? card.bandwidthGBps * 1e9 : CPU.bandwidth) * tensorParallel * efficiency;

  const activeParameters = model.activeParameters ?? model.parameters;
  const prefillTokensPerSecond = flops / (2 * activeParameters);
  // Embedding models write nothing: the same speed keeps the unused price above 0.
  if (model.kind !== "generate") {
    return { prefillTokensPerSecond, decodeTokensPerSecond: prefillTokensPerSecond, basis: "estimated" };
  }
  const running = replica.maxSequences;
  // A batch of tokens touches more and more of the experts, all of them in the end.
  const weightBytes = checkpoint.weightBytes * Math.min(1, (activeParameters / model.parameters) * running);
  const kvBytes = kvBytesPerToken(model, tensorParallel) * tensorParallel * request.typicalTokens * running;
  const byMemory = (running * bandwidth) / (weightBytes + kvBytes);
  return {
    prefillTokensPerSecond,
    decodeTokensPerSecond: Math.min(byMemory, prefillTokensPerSecond),
    basis: "estimated",
  };
}
