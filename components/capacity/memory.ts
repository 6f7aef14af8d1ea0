import type { Accelerator } from "./accelerators.ts";
import type { Checkpoint, Model } from "./model-schema.ts";

export const GIB = 2 ** 30;

/** Share of a card a model server may take, vLLM's own default; the rest is for the driver and fragmentation. */
export const MAX_GPU_PERCENT = 92;

/** Sequences vLLM may run at once at most; more only helps cards far larger than the fleet's. */
export const MAX_SEQUENCES = 256;

/** Tokens Text Embeddings Inference batches, its own default. */
export const EMBEDDING_BATCH_TOKENS = 16_384;

const HALF = 2;
/** Tokens whose latents vLLM expands at once in MLA prefill. */
const LATENT_WORKSPACE_TOKENS = 65_536;

export interface MemoryRequest {
  readonly model: Model;
  readonly checkpoint: Checkpoint;
  /** GPUs the model is split over. */
  readonly tensorParallel: number;
  /** Tokens of one sequence, prompt and answer. */
  readonly context: number;
  /** Sequences of that length at the same time. */
  readonly sequences: number;
  /** Tokens computed in one step. */
  readonly batchTokens: number;
}

/** Memory on each GPU after the split, in GiB. */
export interface MemoryEstimate {
  readonly weightsGiB: number;
  readonly kvGiB: number;
  readonly activationsGiB: number;
  readonly cudaGraphsGiB: number;
  /** CUDA context and libraries, and buffers for collectives where the model is split. */
  readonly runtimeGiB: number;
  readonly totalGiB: number;
}

/** Tokens per step: vLLM's defaults for its server, larger on cards of the Hopper class and later. */
export function batchTokensFor(model: Model, card?: Accelerator): number {
  if (model.kind !== "generate") return EMBEDDING_BATCH_TOKENS;
  return card !== undefined && card.usableGiB >= 70 && card.computeCapability >= 9 ? 8192 : 2048;
}

/**
 * Bytes one token's keys and values take on each GPU. KV heads are split over the GPUs; an MLA latent is not, every
 * GPU keeps all of it. Embedding models keep none.
 */
export function kvBytesPerToken(model: Model, tensorParallel: number): number {
  if (model.kind !== "generate") return 0;
  const { attention, layers } = model;
  if (attention.kind === "mla") return layers * (attention.latentSize + attention.ropeSize) * HALF;
  return (2 * layers * attention.kvHeads * attention.headSize * HALF) / tensorParallel;
}

/**
 * Estimates memory per GPU. The terms err on the high side by design: a fleet that is refused can be asked for again,
 * one that dies of memory at start cannot. `test/components/capacity/memory.test.ts` compares them with published logs.
 */
export function estimateMemory(request: MemoryRequest): MemoryEstimate {
  const { model, checkpoint, tensorParallel } = request;
  const weightsGiB = checkpoint.weightBytes / tensorParallel / GIB;
  const kvGiB = (kvBytesPerToken(model, tensorParallel) * request.context * request.sequences) / GIB;
  const activationsGiB = activationBytes(request) / GIB;
  const cudaGraphsGiB = model.kind === "generate" ? 0.25 + 0.01 * model.layers : 0;
  const runtimeGiB = tensorParallel > 1 ? 2 : 1;
  return {
    weightsGiB,
    kvGiB,
    activationsGiB,
    cudaGraphsGiB,
    runtimeGiB,
    totalGiB: weightsGiB + kvGiB + activationsGiB + cudaGraphsGiB + runtimeGiB,
  };
}

/**
 * Peak of one step: residual stream and the widest feed-forward layer, plus logits in two 32-bit copies for the
 * sampler. Not divided by the split: vLLM logs the same peak at 1 and 2 GPUs (vllm-project/vllm#10511).
 */
function activationBytes({ model, tensorParallel, batchTokens }: MemoryRequest): number {
  const step = batchTokens * HALF * (6 * model.hiddenSize + 3 * Math.max(...model.feedForwardWidths));
  if (model.kind !== "generate") return step;
  const sampler = MAX_SEQUENCES * model.vocabularySize * 4 * 2;
  return step + sampler + latentWorkspaceBytes(model, tensorParallel);
}

/** MLA prefill expands cached latents back into keys and values for each head. */
function latentWorkspaceBytes({ attention, attentionHeads }: Model, tensorParallel: number): number {
  if (attention.kind === "gqa") return 0;
  return LATENT_WORKSPACE_TOKENS * (attentionHeads / tensorParallel) * 2 * attention.valueHeadSize * HALF;
}
