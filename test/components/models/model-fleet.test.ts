import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";

import { resolveImages } from "../../../components/images.ts";
import { ModelFleet, type ModelFleetArgs } from "../../../components/models/model-fleet.ts";
import {
  type RunningWorkload,
  type Runtime,
  type Workload,
  workloadProblems,
} from "../../../components/runtime/workload.ts";
import { cards, place } from "../capacity/fixtures.ts";

/** Takes workloads and starts nothing. */
class RecordingRuntime implements Runtime {
  readonly workloads = new Map<string, Workload>();

  run(name: string, workload: Workload): RunningWorkload {
    this.workloads.set(name, workload);
    const address = (port: string) => `${name}:${String(workload.ports?.[port]?.port)}`;
    return { name, workload, addresses: (port) => [address(port)], address, ready: [] };
  }
}

const images = resolveImages();
const placement = place(
  {
    fast: { model: "llama-3.1-8b", quantisation: "bf16", replicas: 2 },
    embedding: { model: "bge-m3" },
    rerank: { model: "bge-reranker-v2-m3" },
  },
  { ...cards("a100-40", 2, "big"), ...cards("l4", 1, "small") },
);

function createFleet(args: Partial<ModelFleetArgs> = {}) {
  const runtime = new RecordingRuntime();
  const fleet = new ModelFleet("models", { runtime, images, placement, hubToken: pulumi.secret("token"), ...args });
  return { fleet, workloads: runtime.workloads };
}

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: { ...(inputs as object), result: `random-${name}` } }),
    call: () => ({}),
  });
});

describe("a model fleet", () => {
  it("runs one valid workload per replica, each on the host and cards of its placement", () => {
    const { workloads } = createFleet();
    expect([...workloads.keys()]).toEqual(placement.replicas.map(({ name }) => `models-${name}`));
    for (const { name, host, gpus } of placement.replicas) {
      const workload = workloads.get(`models-${name}`);
      expect(workload).toMatchObject({ replicas: [{ host: host.name }], gpus });
      expect(workload && workloadProblems(workload)).toEqual([]);
      expect(Object.values(workload?.ports ?? {}).every(({ exposure }) => exposure === "backend")).toBe(true);
    }
    expect(workloads.get("models-fast-1")?.image).toBe(images.vllm);
    expect(workloads.get("models-embedding-1")?.image).toBe(images["tei-gpu"]);
  });

  it("hands keys over as secret files, never as arguments or plain settings", async () => {
    const workload = createFleet().workloads.get("models-fast-1");
    expect(workload?.secretEnv).toEqual({ VLLM_API_KEY: "api-key", HF_TOKEN: "hub-token" });
    const key = workload?.secrets?.["api-key"] as pulumi.Output<string>;
    expect(await pulumi.isSecret(key)).toBe(true);
    expect(JSON.stringify([workload?.args, workload?.env])).not.toMatch(/random-|token"/);
  });

  it("starts servers that share a card one after the other", () => {
    const { workloads } = createFleet();
    expect(workloads.get("models-embedding-1")?.after).toEqual([]);
    expect(workloads.get("models-rerank-1")?.after?.map(({ name }) => name)).toEqual(["models-embedding-1"]);
  });

  it("tells the gateway address, model, context and a price above 0 of each server", () => {
    const { endpoints } = createFleet().fleet;
    expect(endpoints[1]).toMatchObject({
      name: "fast-1",
      role: "fast",
      servedModel: "llama-3.1-8b",
      baseUrl: "http://models-fast-1:8000/v1",
      context: 16_384,
    });
    for (const { price } of endpoints) {
      expect(price.inputUsdPerMillion).toBeGreaterThan(0);
      expect(price.outputUsdPerMillion).toBeGreaterThan(0);
    }
  });

  it("offline reaches nothing outside and gets no token", () => {
    const workload = createFleet({ offline: true }).workloads.get("models-fast-1");
    expect(workload?.reaches).toEqual([]);
    expect(workload?.secretEnv).toEqual({ VLLM_API_KEY: "api-key" });
  });

  it("refuses gated weights without a token to fetch them", () => {
    const runtime = new RecordingRuntime();
    expect(() => new ModelFleet("gated", { runtime, images, placement })).toThrow(
      "`roles.fast.model`: `meta-llama/Llama-3.1-8B-Instruct` is gated; give `hubToken`, or fill the cache and set `offline`",
    );
  });
});
