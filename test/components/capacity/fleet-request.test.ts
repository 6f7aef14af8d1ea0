import { describe, expect, it } from "vitest";

import { resolveHosts } from "../../../components/capacity/compute-hosts.ts";
import { resolveRequests, roleSchema } from "../../../components/capacity/fleet-request.ts";
import { modelCatalog } from "../../../components/capacity/model-catalog.ts";
import { checkpointSchema, modelSchema } from "../../../components/capacity/model-schema.ts";
import { cards, hostsOf, requestsOf } from "./fixtures.ts";

const hosts = hostsOf(cards("l40s", 4));

describe("a bad host", () => {
  it.each([
    [
      { accelerator: "v100", gpus: 1, usdPerHour: 1 },
      "`hosts.a.accelerator`: unknown accelerator `v100`; known: a100-40, a100-80,",
    ],
    [{ ec2Type: "g4dn.xlarge" }, "`hosts.a.ec2Type`: unknown type `g4dn.xlarge`; known: g5.12xlarge,"],
    [
      { accelerator: "l4", usdPerHour: 0 },
      "`hosts.a.usdPerHour`: got 0; must be more than 0, or its tokens cost nothing in the books",
    ],
    [
      { accelerator: "l4" },
      "`hosts.a.usdPerHour`: missing; state `usdPerHour`, or `owned` with purchase price, lifetime and power",
    ],
    [
      { ec2Type: "g6e.12xlarge", region: "eu-west-3" },
      "`hosts.a.usdPerHour`: no price known for `g6e.12xlarge` in eu-west-3; regions with a price: eu-central-1, us-east-1; state `usdPerHour`",
    ],
    [
      { accelerator: "l4", owned: { purchaseUsd: 9000, lifetimeYears: 0, watts: 400, usdPerKwh: 0.1 } },
      "`hosts.a.owned.lifetimeYears`: got 0; must be more than 0",
    ],
    [
      { accelerator: "l4", usdPerHour: 1, owned: { purchaseUsd: 9000, lifetimeYears: 4, watts: 400, usdPerKwh: 0.1 } },
      "`hosts.a.owned`: stands beside `usdPerHour`; give one of the two",
    ],
  ])("%j is refused with the field and the fix", (spec, message) => {
    expect(() => resolveHosts({ a: spec })).toThrow(message);
  });

  it("is reported together with the others", () => {
    expect(() => resolveHosts({ a: { accelerator: "x" }, b: { accelerator: "l4", usdPerHour: -1 } })).toThrow(
      /hosts\.a\.accelerator.*\n.*hosts\.a\.usdPerHour.*\n.*hosts\.b\.usdPerHour/,
    );
  });

  it("may have a card of its own", () => {
    const card = {
      usableGiB: 31,
      computeCapability: 12,
      bandwidthGBps: 1792,
      tflopsFp16: 210,
      interconnect: "pcie" as const,
      source: "vendor",
    };
    expect(resolveHosts({ a: { accelerator: "rtx-5090", usdPerHour: 1 } }, { "rtx-5090": card })[0]).toMatchObject({
      gpus: 1,
      accelerator: { name: "rtx-5090", usableGiB: 31 },
    });
  });
});

describe("a bad role", () => {
  it.each([
    [
      "chat",
      { model: "gpt-9" },
      "`roles.chat.model`: unknown model `gpt-9`; known: deepseek-coder-v2, deepseek-coder-v2-lite,",
    ],
    [
      "embedding",
      { model: "llama-3.1-8b" },
      "`roles.embedding.model`: `llama-3.1-8b` is of kind generate; this role needs embed",
    ],
    [
      "chat",
      { model: "llama-3.1-8b", quantisation: "fp8" },
      "`roles.chat.quantisation`: `llama-3.1-8b` has no `fp8` weights; it has: awq, bf16",
    ],
    [
      "coding",
      { model: "deepseek-coder-v2-lite", tensorParallel: 4 },
      "`roles.coding.tensorParallel`: got 4: layer width 10944 / 4 = 2736 is not a multiple of the quantisation group 64; allowed: 1",
    ],
    [
      "chat",
      { model: "llama-3.1-8b", tensorParallel: 3 },
      "`roles.chat.tensorParallel`: got 3: 32 attention heads do not divide by 3; allowed: 1, 2, 4, 8",
    ],
    [
      "chat",
      { model: "mistral-small-24b", context: 40_000 },
      "`roles.chat.context`: got 40000; `mistral-small-24b` was made for 32768 tokens at most",
    ],
    ["chat", { model: "llama-3.1-8b", hosts: ["nowhere"] }, "`roles.chat.hosts`: unknown host `nowhere`; known: host"],
    [
      "chat",
      { model: "llama-3.1-8b", throughput: { prefillTokensPerSecond: 0, decodeTokensPerSecond: 1 } },
      "`roles.chat.throughput.prefillTokensPerSecond`: got 0; must be more than 0, since the price per token is divided by it",
    ],
  ])("%s %j is refused with the field and the fix", (role, spec, message) => {
    expect(() => requestsOf({ [role]: spec }, hosts)).toThrow(message);
  });

  it("that something needs and nothing serves is refused", () => {
    expect(() => resolveRequests({}, hosts, { neededRoles: ["chat"] })).toThrow(
      "`roles.chat`: nothing serves this role; give it a `model`",
    );
  });

  it("without a pinned revision is refused where revisions are required", () => {
    const roles = { chat: roleSchema.parse({ model: "llama-3.1-8b" }) };
    expect(() => resolveRequests(roles, hosts, { requireRevisions: true })).toThrow(
      "`roles.chat.revision`: missing; state the commit of `hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4`",
    );
    const revision = "0123456789abcdef0123456789abcdef01234567";
    const pinned = { chat: roleSchema.parse({ model: "llama-3.1-8b", revision }) };
    expect(resolveRequests(pinned, hosts, { requireRevisions: true })[0]?.checkpoint.revision).toBe(revision);
  });
});

describe("the catalog", () => {
  it("takes a model of the user's own by the same schema", () => {
    const { id: _, ...entry } = modelCatalog["llama-3.1-8b"] ?? {};
    const own = modelSchema.parse({ ...entry, parameters: 9e9 });
    const roles = { fast: roleSchema.parse({ model: "own" }) };
    expect(resolveRequests(roles, hosts, { models: { own } })[0]?.model).toMatchObject({ id: "own", parameters: 9e9 });
  });

  it("refuses a branch as a revision and two checkpoints of one quantisation", () => {
    const checkpoint = { quantisation: "awq", repository: "a/b", weightBytes: 1, source: "x" };
    expect(checkpointSchema.safeParse({ ...checkpoint, revision: "main" }).error?.message).toContain(
      "40-digit commit hash",
    );
    const { id: _, ...entry } = modelCatalog["llama-3.1-8b"] ?? {};
    const twice = modelSchema.safeParse({ ...entry, checkpoints: [checkpoint, checkpoint] });
    expect(twice.error?.message).toContain("two checkpoints have the same quantisation");
  });

  it("has a source for every figure and the roadmap's models", () => {
    expect(Object.keys(modelCatalog)).toEqual(
      expect.arrayContaining([
        "deepseek-coder-v2",
        "deepseek-coder-v2-lite",
        "deepseek-r1-distill-llama-70b",
        "mistral-small-24b",
        "llama-3.1-8b",
        "bge-m3",
        "bge-reranker-v2-m3",
      ]),
    );
  });
});
