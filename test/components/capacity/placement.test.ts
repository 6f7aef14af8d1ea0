import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { ComputeHostSpec } from "../../../components/capacity/compute-hosts.ts";
import type { ModelRole } from "../../../components/capacity/fleet-request.ts";
import { MAX_GPU_PERCENT } from "../../../components/capacity/memory.ts";
import { placeFleet, type Placement } from "../../../components/capacity/placement.ts";
import { FleetError } from "../../../components/capacity/problems.ts";
import { acceleratorNames, cards, hostsOf, place, requestsOf } from "./fixtures.ts";

const r1 = { model: "deepseek-r1-distill-llama-70b", quantisation: "awq", context: 8192, sequences: 1 };

describe("DeepSeek-R1 70B AWQ", () => {
  it("refuses one 48 GB card and says what is missing and what would fit", () => {
    expect(() => place({ chat: r1 }, cards("l40s", 1))).toThrow(
      /^`roles\.chat`: `deepseek-r1-distill-llama-70b` \(awq\) with 1 x 8192 tokens fits on no host: nearest is `host` with 1 x l40s, where it needs 42\.\d GiB per device \(weights 37\.1, KV cache 2\.5, .*\) of 40\.9 GiB that may be used: 1\.\d GiB missing; it would fit with: 2 x l40s; or 1 x a100-80$/,
    );
  });

  it.each([
    ["a100-80", 1],
    ["h100-80", 1],
    ["l40s", 2],
    ["a10g", 4],
    ["rtx-3090", 4],
    ["rtx-4090", 4],
  ])("fits on %s x %i, split over all of them", (accelerator, gpus) => {
    const { replicas } = place({ chat: r1 }, cards(accelerator, gpus));
    expect(replicas).toMatchObject([{ name: "chat-1", tensorParallel: gpus, memoryFraction: 0.92 }]);
    expect(replicas[0]?.fullContextSequences).toBeGreaterThanOrEqual(8);
  });

  it("refuses two 24 GB cards", () => {
    expect(() => place({ chat: r1 }, cards("a10g", 2))).toThrow(/GiB missing; it would fit with: 4 x a10g/);
  });
});

describe("what does not fit, even for one sequence of 4096 tokens", () => {
  it.each([
    ["deepseek-r1-distill-llama-70b", "bf16", "h100-80", 1],
    ["deepseek-r1-distill-llama-70b", "awq", "a100-40", 1],
    ["deepseek-coder-v2-lite", "bf16", "l4", 1],
    ["mistral-small-24b", "bf16", "l40s", 1],
    ["deepseek-coder-v2", "awq", "h100-80", 1],
    ["deepseek-coder-v2", "awq", "l40s", 2],
    // 8 x 24 GB would hold the weights, but 8 GPUs cut through the quantisation groups.
    ["deepseek-coder-v2", "awq", "a10g", 8],
  ])("%s %s on %s x %i", (model, quantisation, accelerator, gpus) => {
    const coding = { model, quantisation, context: 4096, sequences: 1 };
    expect(() => place({ coding }, cards(accelerator, gpus))).toThrow(/GiB missing; (it would fit|no single change)/);
  });

  it.each([
    ["deepseek-r1-distill-llama-70b", "bf16", "h100-80", 2],
    ["deepseek-coder-v2-lite", "bf16", "l4", 2],
    ["mistral-small-24b", "bf16", "l40s", 2],
    ["deepseek-coder-v2", "awq", "a100-40", 4],
    ["deepseek-coder-v2", "awq", "h100-80", 2],
  ])("but %s %s on %s x %i does", (model, quantisation, accelerator, gpus) => {
    const coding = { model, quantisation, context: 4096, sequences: 1 };
    expect(place({ coding }, cards(accelerator, gpus)).replicas[0]?.tensorParallel).toBe(gpus);
  });
});

describe("the advice after a refusal", () => {
  const advice = (role: object, accelerator: string, gpus = 1) => {
    try {
      place({ chat: role }, cards(accelerator, gpus));
    } catch (error) {
      if (error instanceof FleetError) return error.message.slice(error.message.indexOf("it would fit with"));
    }
    return "it fits";
  };

  it("names a shorter context, fewer sequences, other weights, more and other cards, each of which then fits", () => {
    const role = { model: "llama-3.1-8b", quantisation: "bf16", context: 16_384, sequences: 4 };
    expect(advice(role, "a10g")).toBe(
      "it would fit with: `context: 6144`; or `sequences: 1`; or `quantisation: awq`; or 2 x a10g; or 1 x a100-40",
    );
    expect(advice({ ...role, context: 6144 }, "a10g")).toBe("it fits");
    expect(advice({ ...role, context: 7168 }, "a10g")).not.toBe("it fits");
    expect(advice({ ...role, sequences: 1 }, "a10g")).toBe("it fits");
    expect(advice({ ...role, sequences: 2 }, "a10g")).not.toBe("it fits");
    expect(advice({ ...role, quantisation: "awq" }, "a10g")).toBe("it fits");
    expect(advice(role, "a10g", 2)).toBe("it fits");
    expect(advice(role, "a100-40")).toBe("it fits");
  });

  it("proposes to leave out a split that is too small", () => {
    expect(advice({ ...r1, tensorParallel: 1 }, "l40s", 4)).toContain("`tensorParallel` left out");
  });

  it("names the cards that are too few or too old", () => {
    expect(() => place({ chat: { ...r1, tensorParallel: 8 } }, cards("l40s", 4))).toThrow(
      "fits on no host: it needs 8 GPUs of compute capability 7.5 or later and may use host with 4 x l40s; it would fit with: `tensorParallel` left out",
    );
    expect(() => place({ chat: r1 }, {})).toThrow("and may use (none); it would fit with: 1 x a100-80");
  });

  it("says so when nothing helps", () => {
    const own = { model: "deepseek-coder-v2", quantisation: "bf16", context: 4096, sequences: 1 };
    expect(() => place({ coding: own }, cards("l4", 1))).toThrow("no single change makes it fit");
  });
});

describe("a fleet", () => {
  it("puts small models on one card, within its memory, when there is no empty one", () => {
    const { replicas } = place(
      { embedding: { model: "bge-m3" }, rerank: { model: "bge-reranker-v2-m3" } },
      cards("l4", 1),
    );
    expect(replicas.map(({ gpus }) => gpus)).toEqual([[0], [0]]);
    expect(replicas.reduce((sum, { memoryFraction }) => sum + memoryFraction, 0)).toBeLessThanOrEqual(0.92);
  });

  it("gives the rest of a shared card to the model that has a KV cache", () => {
    const roles = { fast: { model: "qwen2.5-1.5b", context: 4096 }, embedding: { model: "bge-m3" } };
    const { replicas } = place(roles, cards("l4", 1));
    const [embedding, fast] = replicas;
    expect((embedding?.memoryFraction ?? 0) + (fast?.memoryFraction ?? 0)).toBeCloseTo(0.92);
    expect(fast?.memoryFraction).toBeGreaterThan(0.7);
  });

  it("never puts a third model on a card", () => {
    const roles = {
      embedding: { model: "bge-m3" },
      rerank: { model: "bge-reranker-v2-m3" },
      fast: { model: "qwen2.5-1.5b", context: 4096 },
    };
    expect(() => place(roles, cards("h100-80", 1))).toThrow(
      /^`roles`: each model fits alone, but not all together: .*; add a host, or ask for fewer `replicas`$/,
    );
  });

  it("spreads replicas over hosts", () => {
    const fast = { model: "llama-3.1-8b", replicas: 3 };
    const specs = { ...cards("l40s", 4, "a"), ...cards("l40s", 4, "b"), ...cards("l40s", 4, "c") };
    const { replicas } = place({ fast }, specs);
    expect(replicas.map(({ host }) => host.name).sort()).toEqual(["a", "b", "c"]);
  });

  it("takes back an earlier choice where a later model needs the place", () => {
    // Alone, each of the two would prefer `small`; only one of them fits on `slow` too.
    const roles = {
      chat: { model: "mistral-small-24b", context: 8192, sequences: 1, hosts: ["small"] },
      fast: { model: "mistral-small-24b", context: 8192, sequences: 1 },
    };
    const { replicas } = place(roles, { ...cards("l4", 1, "small"), ...cards("l40s", 1, "slow") });
    expect(replicas.map(({ name, host }) => [name, host.name])).toEqual([
      ["chat-1", "small"],
      ["fast-1", "slow"],
    ]);
  });

  it("without any GPU runs on the machine's memory, and only as much of it as it asked for", () => {
    const roles = {
      fast: { model: "qwen2.5-1.5b", context: 4096 },
      embedding: { model: "bge-m3", quantisation: "fp32" },
    };
    const { replicas } = place(roles, { dev: { memoryGiB: 32, usdPerHour: 0.1 } });
    expect(replicas.map(({ gpus, tensorParallel }) => [gpus, tensorParallel])).toEqual([
      [[], 1],
      [[], 1],
    ]);
    expect(() => place(roles, { dev: { memoryGiB: 4, usdPerHour: 0.1 } })).toThrow(/with memory, where it needs/);
  });

  it("with GPUs leaves machines without them alone, unless a role names one", () => {
    const specs: Record<string, ComputeHostSpec> = {
      ...cards("l4", 1, "gpu"),
      plain: { memoryGiB: 64, usdPerHour: 0.1 },
    };
    expect(place({ embedding: { model: "bge-m3" } }, specs).replicas[0]?.host.name).toBe("gpu");
    expect(place({ embedding: { model: "bge-m3", hosts: ["plain"] } }, specs).replicas[0]?.host.name).toBe("plain");
  });
});

const anyRole = (models: string[]) =>
  fc.option(
    fc.record({
      model: fc.constantFrom(...models),
      replicas: fc.integer({ min: 1, max: 3 }),
      context: fc.constantFrom(2048, 4096, 8192),
      sequences: fc.integer({ min: 1, max: 4 }),
    }),
    { nil: undefined },
  );
const writers = [
  "deepseek-r1-distill-llama-70b",
  "mistral-small-24b",
  "llama-3.1-8b",
  "qwen2.5-1.5b",
  "deepseek-coder-v2-lite",
];
const anyFleet = fc.record({
  roles: fc.record({
    chat: anyRole(writers),
    coding: anyRole(writers),
    fast: anyRole(writers),
    embedding: anyRole(["bge-m3"]),
    rerank: anyRole(["bge-reranker-v2-m3"]),
  }),
  hosts: fc.array(
    fc.record({
      accelerator: fc.constantFrom(...acceleratorNames),
      gpus: fc.constantFrom(1, 2, 4, 8),
      usdPerHour: fc.constant(1),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

type Roles = Partial<Record<ModelRole, object>>;

/** The placement, or the message it is refused with. */
function outcome(
  roles: Roles,
  specs: Record<string, ComputeHostSpec>,
  order: "given" | "reversed",
): Placement | string {
  const hosts = hostsOf(specs);
  const requests = requestsOf(roles, hosts);
  try {
    return order === "given" ? placeFleet(requests, hosts) : placeFleet(requests.reverse(), hosts.reverse());
  } catch (error) {
    if (error instanceof FleetError) return error.message;
    throw error;
  }
}

describe("any fleet that is accepted", () => {
  it("has every replica, no card above its memory, no card given out twice without room, and does not depend on the order of its input", () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        const roles = Object.fromEntries(Object.entries(fleet.roles).filter(([, role]) => role !== undefined)) as Roles;
        const specs = Object.fromEntries(fleet.hosts.map((host, index) => [`host-${index}`, host]));
        const placement = outcome(roles, specs, "given");
        expect(outcome(roles, specs, "reversed")).toEqual(placement);
        if (typeof placement === "string") return;
        accepted += 1;
        const wanted = Object.entries(roles).flatMap(([role, spec]) =>
          Array.from({ length: (spec as { replicas: number }).replicas }, (_, n) => `${role}-${n + 1}`),
        );
        expect(placement.replicas.map(({ name }) => name)).toEqual(wanted.sort());
        expectWithinMemory(placement);
      }),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(50);
  }, 60_000);
});

function expectWithinMemory({ hosts, replicas }: Placement): void {
  for (const host of hosts) {
    for (let gpu = 0; gpu < host.gpus; gpu += 1) {
      const onGpu = replicas.filter((replica) => replica.host.name === host.name && replica.gpus.includes(gpu));
      const given = onGpu.reduce((sum, { memoryFraction }) => sum + Math.round(memoryFraction * 100), 0);
      expect(given).toBeLessThanOrEqual(MAX_GPU_PERCENT);
      expect(onGpu.length).toBeLessThanOrEqual(2);
    }
  }
  for (const { host, gpus, memory, memoryFraction, tensorParallel, request, kvTokens } of replicas) {
    expect(new Set(gpus).size).toBe(tensorParallel);
    expect(Math.max(...gpus)).toBeLessThan(host.gpus);
    expect(memory.totalGiB).toBeLessThanOrEqual((host.accelerator?.usableGiB ?? 0) * memoryFraction);
    if (request.model.kind === "generate") expect(kvTokens).toBeGreaterThanOrEqual(request.context * request.sequences);
  }
}
