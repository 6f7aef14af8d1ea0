import type * as z from "zod";

import { type Model, modelSchema } from "./model-schema.ts";

const deepSeekLicence = "DeepSeek Model License (use restrictions)";
const llamaLicence = "Llama 3.1 Community License";
const mistralTemplate = "examples/tool_chat_template_mistral_parallel.jinja";
const llamaTemplate = "examples/tool_chat_template_llama3.1_json.jinja";

/** XLM-RoBERTa large, which both BGE models are built on. */
const xlmRobertaLarge = {
  parameters: 568e6,
  layers: 24,
  hiddenSize: 1024,
  attentionHeads: 16,
  attention: { kind: "gqa" as const, kvHeads: 16, headSize: 64 },
  feedForwardWidths: [4096],
  vocabularySize: 250_002,
  context: 8192,
};

/**
 * The roadmap's models. Figures are those of the repositories' config.json and file lists; where a size is an estimate
 * its `source` says so. No `revision` is listed, since none of the commits has been reviewed: prod needs them per role.
 */
const entries: Readonly<Record<string, z.input<typeof modelSchema>>> = {
  "deepseek-coder-v2-lite": {
    kind: "generate",
    parameters: 15.7e9,
    activeParameters: 2.4e9,
    layers: 27,
    hiddenSize: 2048,
    attentionHeads: 16,
    attention: { kind: "mla", latentSize: 512, ropeSize: 64, valueHeadSize: 128 },
    feedForwardWidths: [10_944, 2816, 1408],
    vocabularySize: 102_400,
    context: 163_840,
    licence: deepSeekLicence,
    source: "config.json of deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct",
    checkpoints: [
      {
        quantisation: "awq",
        repository: "TechxGenus/DeepSeek-Coder-V2-Lite-Instruct-AWQ",
        weightBytes: 9.09e9,
        groupSize: 64,
        source: "file list of the repository",
      },
      {
        quantisation: "bf16",
        repository: "deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct",
        weightBytes: 31.4e9,
        source: "2 bytes x parameters",
      },
    ],
  },
  "deepseek-coder-v2": {
    kind: "generate",
    parameters: 236e9,
    activeParameters: 21e9,
    layers: 60,
    hiddenSize: 5120,
    attentionHeads: 128,
    attention: { kind: "mla", latentSize: 512, ropeSize: 64, valueHeadSize: 128 },
    feedForwardWidths: [12_288, 3072, 1536],
    vocabularySize: 102_400,
    context: 163_840,
    licence: deepSeekLicence,
    source: "config.json of deepseek-ai/DeepSeek-Coder-V2-Instruct",
    checkpoints: [
      {
        quantisation: "awq",
        repository: "casperhansen/deepseek-coder-v2-instruct-awq",
        weightBytes: 125e9,
        groupSize: 128,
        source: "estimate: 0.53 bytes x parameters; group size assumed",
      },
      {
        quantisation: "bf16",
        repository: "deepseek-ai/DeepSeek-Coder-V2-Instruct",
        weightBytes: 472e9,
        source: "2 bytes x parameters",
      },
    ],
  },
  "deepseek-r1-distill-llama-70b": {
    kind: "generate",
    parameters: 70.6e9,
    layers: 80,
    hiddenSize: 8192,
    attentionHeads: 64,
    attention: { kind: "gqa", kvHeads: 8, headSize: 128 },
    feedForwardWidths: [28_672],
    vocabularySize: 128_256,
    context: 131_072,
    reasoningParser: "deepseek_r1",
    licence: "MIT, on top of the Llama 3.3 Community License",
    source: "config.json of deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    checkpoints: [
      {
        quantisation: "awq",
        repository: "casperhansen/deepseek-r1-distill-llama-70b-awq",
        weightBytes: 39.8e9,
        groupSize: 128,
        source: "file list of the repository",
      },
      {
        quantisation: "bf16",
        repository: "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
        weightBytes: 141e9,
        source: "2 bytes x parameters",
      },
    ],
  },
  "mistral-small-24b": {
    kind: "generate",
    parameters: 23.6e9,
    layers: 40,
    hiddenSize: 5120,
    attentionHeads: 32,
    attention: { kind: "gqa", kvHeads: 8, headSize: 128 },
    feedForwardWidths: [32_768],
    vocabularySize: 131_072,
    context: 32_768,
    toolCallParser: "mistral",
    licence: "Apache-2.0",
    source: "config.json of mistralai/Mistral-Small-24B-Instruct-2501",
    checkpoints: [
      {
        quantisation: "awq",
        repository: "stelterlab/Mistral-Small-24B-Instruct-2501-AWQ",
        weightBytes: 14e9,
        groupSize: 128,
        forceHfFormat: true,
        chatTemplate: mistralTemplate,
        source: "estimate: 0.59 bytes x parameters",
      },
      {
        quantisation: "bf16",
        repository: "mistralai/Mistral-Small-24B-Instruct-2501",
        weightBytes: 47e9,
        source: "2 bytes x parameters",
      },
    ],
  },
  "llama-3.1-8b": {
    kind: "generate",
    parameters: 8.03e9,
    layers: 32,
    hiddenSize: 4096,
    attentionHeads: 32,
    attention: { kind: "gqa", kvHeads: 8, headSize: 128 },
    feedForwardWidths: [14_336],
    vocabularySize: 128_256,
    context: 131_072,
    toolCallParser: "llama3_json",
    licence: llamaLicence,
    source: "config.json of meta-llama/Llama-3.1-8B-Instruct",
    checkpoints: [
      {
        quantisation: "awq",
        repository: "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4",
        weightBytes: 5.73e9,
        groupSize: 128,
        chatTemplate: llamaTemplate,
        source: "file list of the repository",
      },
      {
        quantisation: "bf16",
        repository: "meta-llama/Llama-3.1-8B-Instruct",
        weightBytes: 16.1e9,
        gated: true,
        chatTemplate: llamaTemplate,
        source: "vLLM reports 14.99 GiB (vllm-project/vllm#17122)",
      },
    ],
  },
  "qwen2.5-1.5b": {
    kind: "generate",
    parameters: 1.54e9,
    layers: 28,
    hiddenSize: 1536,
    attentionHeads: 12,
    attention: { kind: "gqa", kvHeads: 2, headSize: 128 },
    feedForwardWidths: [8960],
    vocabularySize: 151_936,
    context: 32_768,
    toolCallParser: "hermes",
    licence: "Apache-2.0",
    source: "config.json of Qwen/Qwen2.5-1.5B-Instruct; small enough for dev without a GPU",
    checkpoints: [
      {
        quantisation: "bf16",
        repository: "Qwen/Qwen2.5-1.5B-Instruct",
        weightBytes: 3.09e9,
        source: "2 bytes x parameters",
      },
    ],
  },
  "bge-m3": {
    kind: "embed",
    ...xlmRobertaLarge,
    licence: "MIT",
    source: "config.json of BAAI/bge-m3 (1024 dimensions)",
    checkpoints: [
      { quantisation: "fp16", repository: "BAAI/bge-m3", weightBytes: 1.14e9, source: "2 bytes x parameters" },
      { quantisation: "fp32", repository: "BAAI/bge-m3", weightBytes: 2.27e9, source: "4 bytes x parameters" },
    ],
  },
  "bge-reranker-v2-m3": {
    kind: "rerank",
    ...xlmRobertaLarge,
    licence: "Apache-2.0",
    source: "config.json of BAAI/bge-reranker-v2-m3",
    checkpoints: [
      {
        quantisation: "fp16",
        repository: "BAAI/bge-reranker-v2-m3",
        weightBytes: 1.14e9,
        source: "2 bytes x parameters",
      },
      {
        quantisation: "fp32",
        repository: "BAAI/bge-reranker-v2-m3",
        weightBytes: 2.27e9,
        source: "4 bytes x parameters",
      },
    ],
  },
};

/** Known models by id. */
export const modelCatalog: Readonly<Record<string, Model>> = Object.fromEntries(
  Object.entries(entries).map(([id, entry]) => [id, { id, ...modelSchema.parse(entry) }]),
);
