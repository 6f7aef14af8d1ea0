import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { estimateMemory, GIB, kvBytesPerToken } from "../../../components/capacity/memory.ts";
import { modelCatalog } from "../../../components/capacity/model-catalog.ts";
import { allowedTensorParallel } from "../../../components/capacity/tensor-parallel.ts";
import { catalogEntry, place } from "./fixtures.ts";

describe("bytes of a token's keys and values", () => {
  // Figures of the models' config.json: 2 x layers x KV heads x head size x 2 bytes, or layers x (latent + rope) x 2.
  it.each([
    ["deepseek-coder-v2-lite", 31_104],
    ["deepseek-coder-v2", 69_120],
    ["deepseek-r1-distill-llama-70b", 327_680],
    ["mistral-small-24b", 163_840],
    ["llama-3.1-8b", 131_072],
  ])("of %s are %i", (id, bytes) => {
    expect(kvBytesPerToken(catalogEntry(id, "awq").model, 1)).toBe(bytes);
  });

  it("match the 0.95 GiB vLLM asks for 32,768 tokens of DeepSeek V2 Lite (vllm-project/vllm#15871)", () => {
    const { model } = catalogEntry("deepseek-coder-v2-lite", "awq");
    expect((kvBytesPerToken(model, 1) * 32_768) / GIB).toBeCloseTo(0.95, 2);
  });

  it("are whole on each GPU for a latent: vLLM keeps 807,792 tokens of 13 layers in 11.33 GiB at TP 2 (vllm-project/vllm#20665)", () => {
    const { model } = catalogEntry("deepseek-coder-v2-lite", "awq");
    const perLayer = kvBytesPerToken(model, 2) / model.layers;
    expect((11.33 * GIB) / (perLayer * 13) / 807_792).toBeCloseTo(1, 1);
  });

  it("are divided by the split for KV heads", () => {
    const { model } = catalogEntry("llama-3.1-8b", "bf16");
    expect(kvBytesPerToken(model, 4)).toBe(kvBytesPerToken(model, 1) / 4);
  });
});

describe("the estimate against vLLM's own logs", () => {
  const { model, checkpoint } = catalogEntry("llama-3.1-8b", "bf16");
  const estimate = estimateMemory({
    model,
    checkpoint,
    tensorParallel: 1,
    context: 8192,
    sequences: 1,
    batchTokens: 8192,
  });

  it("has the weights of Llama 3.1 8B at 14.99 GiB (vllm-project/vllm#17122)", () => {
    expect(estimate.weightsGiB).toBeCloseTo(14.99, 1);
  });

  it("has its activations at 1.26 GiB (vllm-project/vllm#10511)", () => {
    expect(estimate.activationsGiB).toBeCloseTo(1.26, 1);
  });

  it("leaves no more for keys and values than the 53.29 GiB of 71.29 that vLLM found, and no less than 95 % of it (vllm-project/vllm#10511)", () => {
    const { weightsGiB, activationsGiB, runtimeGiB } = estimate;
    // That release kept CUDA graphs outside the fraction; 0.32 counts them inside, as the estimate does.
    const left = 71.29 - weightsGiB - activationsGiB - runtimeGiB - estimate.cudaGraphsGiB;
    expect(left).toBeLessThan(53.29 * 1.01);
    expect(left).toBeGreaterThan(53.29 * 0.95);
  });
});

describe("KV tokens of a placement", () => {
  // Independent arithmetic at a fraction of 0.92 with flat overheads of 1.5 to 3 GiB. The estimate errs low, so that
  // what it promises exists; lowest for Coder V2, whose expanded latents the reference leaves out.
  it.each([
    ["deepseek-r1-distill-llama-70b", "awq", "a100-80", 1, 110_000],
    ["deepseek-r1-distill-llama-70b", "awq", "l40s", 2, 130_000],
    ["deepseek-r1-distill-llama-70b", "awq", "a10g", 4, 120_000],
    ["mistral-small-24b", "awq", "a10g", 1, 36_000],
    ["deepseek-coder-v2-lite", "awq", "a10g", 1, 350_000],
    ["llama-3.1-8b", "awq", "a10g", 1, 110_000],
    ["llama-3.1-8b", "bf16", "a10g", 1, 30_000],
    ["deepseek-coder-v2", "awq", "a100-80", 2, 195_000],
    ["deepseek-coder-v2", "awq", "l40s", 4, 150_000],
  ])("of %s %s on %s x %i come to 70 to 105 percent of %i", (model, quantisation, accelerator, gpus, reference) => {
    const chat = { model, quantisation, context: 8192, sequences: 1, tensorParallel: gpus };
    const [replica] = place({ chat }, { host: { accelerator, gpus, usdPerHour: 1 } }).replicas;
    expect(replica?.kvTokens).toBeGreaterThan(reference * 0.7);
    expect(replica?.kvTokens).toBeLessThan(reference * 1.05);
  });
});

describe("memory grows", () => {
  const anyModel = fc.constantFrom(...Object.values(modelCatalog).filter(({ kind }) => kind === "generate"));
  const anyRequest = fc.record({
    entry: anyModel.chain((model) =>
      fc.record({ model: fc.constant(model), checkpoint: fc.constantFrom(...model.checkpoints) }),
    ),
    context: fc.integer({ min: 1, max: 200_000 }),
    sequences: fc.integer({ min: 1, max: 500 }),
    split: fc.nat(),
    more: fc.integer({ min: 1, max: 1000 }),
  });

  it("with context, sequences and bytes, and every term is part of the total", () => {
    fc.assert(
      fc.property(anyRequest, ({ entry, context, sequences, split, more }) => {
        const sizes = allowedTensorParallel(entry.model, entry.checkpoint);
        const tensorParallel = sizes[split % sizes.length] ?? 1;
        const base = { ...entry, tensorParallel, context, sequences, batchTokens: 2048 };
        const total = (change: Partial<typeof base>) => estimateMemory({ ...base, ...change }).totalGiB;
        expect(total({ context: context + more })).toBeGreaterThan(total({}));
        expect(total({ sequences: sequences + more })).toBeGreaterThan(total({}));
        const heavier = { ...entry.checkpoint, weightBytes: entry.checkpoint.weightBytes + more * 1e6 };
        expect(total({ checkpoint: heavier })).toBeGreaterThan(total({}));
        const { totalGiB, ...terms } = estimateMemory(base);
        expect(Object.values(terms).reduce((sum, term) => sum + term, 0)).toBeCloseTo(totalGiB, 6);
      }),
    );
  });
});
