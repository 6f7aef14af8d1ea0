import { describe, expect, it } from "vitest";

import { allowedTensorParallel, tensorParallelObstacle } from "../../../components/capacity/tensor-parallel.ts";
import { catalogEntry } from "./fixtures.ts";

describe("allowed tensor-parallel sizes", () => {
  it.each([
    ["deepseek-r1-distill-llama-70b", "awq", [1, 2, 4, 8]],
    ["mistral-small-24b", "awq", [1, 2, 4, 8]],
    ["llama-3.1-8b", "bf16", [1, 2, 4, 8]],
    // 10,944 / 2 is no multiple of the quantisation group of 64.
    ["deepseek-coder-v2-lite", "awq", [1]],
    ["deepseek-coder-v2-lite", "bf16", [1, 2, 4, 8]],
    // 1536 / 8 = 192 is no multiple of 128.
    ["deepseek-coder-v2", "awq", [1, 2, 4]],
    ["qwen2.5-1.5b", "bf16", [1, 2]],
    ["bge-m3", "fp16", [1]],
  ])("of %s %s are %j", (id, quantisation, sizes) => {
    const { model, checkpoint } = catalogEntry(id, quantisation);
    expect(allowedTensorParallel(model, checkpoint)).toEqual(sizes);
  });

  it("says which number does not divide", () => {
    const { model, checkpoint } = catalogEntry("deepseek-coder-v2-lite", "awq");
    expect(tensorParallelObstacle(model, checkpoint, 4)).toBe(
      "layer width 10944 / 4 = 2736 is not a multiple of the quantisation group 64",
    );
    expect(tensorParallelObstacle(model, checkpoint, 3)).toBe("16 attention heads do not divide by 3");
  });
});
