import * as z from "zod";

const count = z.int().positive();

/** Grouped-query attention: keys and values per KV head. Multi-head attention is the case of as many KV heads as heads. */
const groupedQuerySchema = z.strictObject({
  kind: z.literal("gqa"),
  kvHeads: count,
  headSize: count,
});

/** Multi-head latent attention (DeepSeek V2): one latent per layer and token, kept whole on every GPU. */
const latentSchema = z.strictObject({
  kind: z.literal("mla"),
  latentSize: count,
  ropeSize: count,
  /** Size of a head's value, which sets the width of the output projection. */
  valueHeadSize: count,
});

/** One published set of weights. */
export const checkpointSchema = z.strictObject({
  quantisation: z.enum(["bf16", "fp16", "fp32", "fp8", "awq", "gptq", "w4a16"]),
  /** Hub repository, `owner/name`. */
  repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/, "must be `owner/name`"),
  /** Commit of the repository. Prod refuses a fleet whose revisions are not stated here or per role. */
  revision: z
    .string()
    .regex(/^[0-9a-f]{40}$/, "must be a 40-digit commit hash, not a branch or tag")
    .optional(),
  /** Bytes of all weights, scales and zero points included. */
  weightBytes: z.number().positive(),
  /** Inputs that share one scale; a tensor-parallel split may not cut through a group. */
  groupSize: count.optional(),
  /** Least CUDA compute capability with kernels for it. @default 7.5 */
  minComputeCapability: z.number().positive().default(7.5),
  /** Licence of these weights where it differs from the model's. */
  licence: z.string().optional(),
  /** Downloading needs a hub token with the licence accepted. @default false */
  gated: z.boolean().default(false),
  /** The repository holds Hugging Face files only, where vLLM would look for the vendor's own format. @default false */
  forceHfFormat: z.boolean().default(false),
  /** Chat template for tool calls; a path inside vLLM's image or a mounted file. */
  chatTemplate: z.string().optional(),
  /** Where `weightBytes` and the rest were read. */
  source: z.string().min(1),
});
export type Checkpoint = Readonly<z.output<typeof checkpointSchema>>;

/** What capacity, flags and prices need to know of a model. Own models use the same schema in the configuration. */
export const modelSchema = z
  .strictObject({
    kind: z.enum(["generate", "embed", "rerank"]),
    parameters: z.number().positive(),
    /** Parameters used per token, for mixtures of experts. @default parameters */
    activeParameters: z.number().positive().optional(),
    layers: count,
    hiddenSize: count,
    attentionHeads: count,
    attention: z.discriminatedUnion("kind", [groupedQuerySchema, latentSchema]),
    /** Input widths of the down projections: dense layers, shared experts, routed experts. */
    feedForwardWidths: z.array(count).min(1),
    vocabularySize: count,
    /** Longest context the weights were made for, in tokens. */
    context: count,
    /** vLLM's `--tool-call-parser`. Absent: no parser fits this model. */
    toolCallParser: z.string().optional(),
    /** vLLM's `--reasoning-parser`. */
    reasoningParser: z.string().optional(),
    licence: z.string().min(1),
    /** First is the default. */
    checkpoints: z.array(checkpointSchema).min(1),
    /** Where the architecture was read. */
    source: z.string().min(1),
  })
  .refine(
    (model) => new Set(model.checkpoints.map(({ quantisation }) => quantisation)).size === model.checkpoints.length,
    {
      path: ["checkpoints"],
      message: "two checkpoints have the same quantisation",
    },
  );

export type ModelSpec = Readonly<z.output<typeof modelSchema>>;
export interface Model extends ModelSpec {
  readonly id: string;
}
export type ModelKind = Model["kind"];
