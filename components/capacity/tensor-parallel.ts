import type { Checkpoint, Model } from "./model-schema.ts";

/** Splits tried, smallest first: the GPU counts hosts come with. */
const candidates = [1, 2, 4, 8] as const;

/** Input widths of the layers vLLM splits by rows: the attention output and every down projection. */
function splitWidths(model: Model): number[] {
  const { attention, attentionHeads } = model;
  const headSize = attention.kind === "gqa" ? attention.headSize : attention.valueHeadSize;
  return [attentionHeads * headSize, ...model.feedForwardWidths];
}

/**
 * Why a model cannot be split over this many GPUs, or undefined when it can.
 * The rules are vLLM's own at load time: whole heads per GPU, and no quantisation group cut in two.
 */
export function tensorParallelObstacle(model: Model, checkpoint: Checkpoint, size: number): string | undefined {
  if (size === 1) return undefined;
  if (model.kind !== "generate") return "Text Embeddings Inference runs on one GPU";
  if (model.attentionHeads % size !== 0) return `${model.attentionHeads} attention heads do not divide by ${size}`;
  if (model.attention.kind === "gqa" && model.attention.kvHeads % size !== 0) {
    return `${model.attention.kvHeads} KV heads do not divide by ${size}`;
  }
  for (const width of splitWidths(model)) {
    if (width % size !== 0) return `layer width ${width} does not divide by ${size}`;
    const { groupSize } = checkpoint;
    if (groupSize !== undefined && (width / size) % groupSize !== 0) {
      return `layer width ${width} / ${size} = ${width / size} is not a multiple of the quantisation group ${groupSize}`;
    }
  }
  return undefined;
}

/** Tensor-parallel sizes this checkpoint can be loaded with. */
export function allowedTensorParallel(model: Model, checkpoint: Checkpoint): number[] {
  return candidates.filter((size) => tensorParallelObstacle(model, checkpoint, size) === undefined);
}
