import { describe, expect, it } from "vitest";

import type { ComputeHostSpec } from "../../../components/capacity/compute-hosts.ts";
import type { ModelRole } from "../../../components/capacity/fleet-request.ts";
import { describeTei } from "../../../components/models/tei-args.ts";
import { describeVllm, vllmArgs } from "../../../components/models/vllm-args.ts";
import { cards, place } from "../capacity/fixtures.ts";

const revision = "0123456789abcdef0123456789abcdef01234567";

function placeOne(role: ModelRole, spec: object, hosts: Record<string, ComputeHostSpec>) {
  const [replica] = place({ [role]: spec }, hosts).replicas;
  if (!replica) throw new Error("no replica");
  return replica;
}

/** Value of a flag; undefined without the flag. */
function valueOf(args: readonly string[], flag: string): string | undefined {
  const index = args.indexOf(flag);
  return index < 0 ? undefined : args[index + 1];
}

describe("vLLM's arguments", () => {
  it("are those of the placement, in full", () => {
    const chat = placeOne("chat", { model: "deepseek-r1-distill-llama-70b", revision }, cards("a10g", 4));
    expect(vllmArgs(chat)).toEqual([
      "casperhansen/deepseek-r1-distill-llama-70b-awq",
      ...["--revision", revision],
      ...["--served-model-name", "deepseek-r1-distill-llama-70b"],
      ...["--host", "0.0.0.0", "--port", "8000"],
      ...["--max-model-len", "16384"],
      ...["--max-num-seqs", String(chat.maxSequences)],
      ...["--max-num-batched-tokens", "2048"],
      ...["--tensor-parallel-size", "4"],
      ...["--gpu-memory-utilization", "0.92"],
      ...["--reasoning-parser", "deepseek_r1"],
      ...["--shutdown-timeout", "60"],
      ...["--disable-access-log-for-endpoints", "/health,/metrics"],
    ]);
  });

  it("switch tool calls on where a parser fits, with the template of the image", () => {
    const args = vllmArgs(placeOne("fast", { model: "llama-3.1-8b" }, cards("l4", 1)));
    expect(args).toContain("--enable-auto-tool-choice");
    expect(valueOf(args, "--tool-call-parser")).toBe("llama3_json");
    expect(valueOf(args, "--chat-template")).toBe("/vllm-workspace/examples/tool_chat_template_llama3.1_json.jinja");
    const coding = vllmArgs(placeOne("coding", { model: "deepseek-coder-v2-lite" }, cards("l4", 1)));
    expect(coding).not.toContain("--enable-auto-tool-choice");
  });

  it("force Hugging Face files for the AWQ weights of Mistral only", () => {
    const mistral = (quantisation: string) =>
      vllmArgs(placeOne("fast", { model: "mistral-small-24b", quantisation }, cards("a100-80", 1)));
    expect(
      ["--tokenizer-mode", "--config-format", "--load-format"].map((flag) => valueOf(mistral("awq"), flag)),
    ).toEqual(["hf", "hf", "hf"]);
    expect(mistral("bf16")).not.toContain("--load-format");
  });

  it("leave the quantisation to the checkpoint and the key to the environment", () => {
    const args = vllmArgs(placeOne("fast", { model: "llama-3.1-8b" }, cards("l4", 1)));
    for (const flag of ["--quantization", "--api-key", "--trust-remote-code"]) expect(args).not.toContain(flag);
  });

  it("give a model on a shared card only its share", () => {
    const { replicas } = place({ fast: { model: "qwen2.5-1.5b" }, embedding: { model: "bge-m3" } }, cards("l4", 1));
    const fast = replicas.find(({ name }) => name === "fast-1");
    expect(fast && Number(valueOf(vllmArgs(fast), "--gpu-memory-utilization"))).toBeLessThan(0.85);
  });

  it("without a GPU have no GPU flags, and a KV cache of the bytes that were planned", () => {
    const dev = placeOne("chat", { model: "qwen2.5-1.5b", context: 8192 }, { dev: { memoryGiB: 32, usdPerHour: 0.1 } });
    const { args, gpus } = describeVllm(dev, {});
    expect(args).not.toContain("--gpu-memory-utilization");
    expect(args).not.toContain("--tensor-parallel-size");
    const bytes = Number(valueOf(args, "--kv-cache-memory-bytes"));
    expect(bytes / dev.kvTokens).toBe(28_672);
    expect(dev.kvTokens).toBeGreaterThanOrEqual(2 * 8192);
    expect(gpus).toEqual([]);
  });
});

describe("a vLLM server", () => {
  const small = placeOne("fast", { model: "llama-3.1-8b" }, cards("a10g", 4));
  const large = placeOne("chat", { model: "deepseek-r1-distill-llama-70b" }, cards("a10g", 4));

  it("gets more time to start, memory and shared memory the larger its model and split", () => {
    const [a, b] = [describeVllm(small, {}), describeVllm(large, {})];
    expect(b.health.startSeconds).toBeGreaterThan(900);
    expect(a.health.startSeconds).toBeLessThan(b.health.startSeconds ?? 0);
    expect(a.memoryMiB).toBeLessThan(b.memoryMiB);
    expect(a.sharedMemoryMiB).toBeLessThan(b.sharedMemoryMiB ?? 0);
    // vLLM gives up by itself after 600 s otherwise.
    expect(Number(b.env.VLLM_ENGINE_READY_TIMEOUT_S)).toBe(b.health.startSeconds);
  });

  it("offline fetches nothing and therefore starts sooner", () => {
    expect(describeVllm(large, {}).env.HF_HUB_OFFLINE).toBeUndefined();
    const offline = describeVllm(large, { offline: true });
    expect(offline.env.HF_HUB_OFFLINE).toBe("1");
    expect(offline.health.startSeconds).toBeLessThan(describeVllm(large, {}).health.startSeconds ?? 0);
  });

  it("keeps weights and compiled kernels, and may finish its requests before it is killed", () => {
    const { volumes, env, stopSeconds, args } = describeVllm(small, {});
    expect(volumes?.map(({ path }) => path)).toEqual([env.HF_HOME, "/cache"]);
    expect(stopSeconds).toBeGreaterThan(Number(valueOf(args, "--shutdown-timeout")));
  });
});

describe("Text Embeddings Inference", () => {
  it("truncates nothing and accepts inputs of the model's whole context", () => {
    const { args } = describeTei(placeOne("embedding", { model: "bge-m3", revision }, cards("l4", 1)), {});
    expect(args.slice(0, 4)).toEqual(["--model-id", "BAAI/bge-m3", "--revision", revision]);
    expect(valueOf(args, "--auto-truncate")).toBe("false");
    expect(Number(valueOf(args, "--max-batch-tokens"))).toBeGreaterThanOrEqual(8192);
    expect(valueOf(args, "--dtype")).toBe("float16");
  });

  it("starts through the CUDA image's script on a GPU and directly without one", () => {
    const gpu = describeTei(placeOne("rerank", { model: "bge-reranker-v2-m3" }, cards("l4", 1)), {});
    expect(gpu.entrypoint).toEqual(["/entrypoint.sh"]);
    const host = { dev: { memoryGiB: 16, usdPerHour: 0.1 } };
    const cpu = describeTei(placeOne("embedding", { model: "bge-m3", quantisation: "fp32" }, host), {});
    expect(cpu.entrypoint).toEqual(["text-embeddings-router"]);
    expect(valueOf(cpu.args, "--dtype")).toBe("float32");
  });
});
