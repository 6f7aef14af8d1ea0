import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { findCycle, findGatewayProblems } from "../../../components/gateway/gateway-problems.ts";
import {
  type GatewayConfig,
  type GatewayDeployment,
  renderLitellmConfig,
} from "../../../components/gateway/litellm-config.ts";

const deployment = (id: string, group: string, more: Partial<GatewayDeployment> = {}): GatewayDeployment => ({
  id,
  group,
  servedModel: group,
  baseUrl: `http://${id}:8000/v1`,
  promptPrice: 0.000001,
  completionPrice: 0.000002,
  maxInputTokens: 32_768,
  ...more,
});

const valid: GatewayConfig = {
  deployments: [
    deployment("chat-0", "chat"),
    deployment("fast-0", "fast"),
    deployment("embed-0", "embedding", { mode: "embedding" }),
    deployment("cloud-0", "cloud", { external: true }),
  ],
  fallbacks: { chat: ["fast"] },
  limitsRedis: { host: "redis-limits", port: 6379 },
  cache: { host: "redis-cache", port: 6379, semantic: { embeddingGroup: "embedding", similarityThreshold: 0.95 } },
};

const problems = (change: Partial<GatewayConfig>, confidential: string[] = []) =>
  findGatewayProblems({ ...valid, ...change }, confidential).map(({ field, message }) => `${field} ${message}`);

describe("findGatewayProblems", () => {
  it("accepts a valid configuration", () => {
    expect(problems({}, ["chat"])).toEqual([]);
  });

  it.each<[string, Partial<GatewayConfig>, string]>([
    [
      "a free model",
      { deployments: [deployment("a", "chat", { promptPrice: 0 })], fallbacks: {} },
      "deployments.a.promptPrice is 0",
    ],
    [
      "an id used twice",
      { deployments: [...valid.deployments, deployment("chat-0", "chat")] },
      "deployments[4].id `chat-0` is used twice",
    ],
    [
      "a fallback nobody serves",
      { fallbacks: { chat: ["tiny"] } },
      "fallbacks.chat names `tiny`, which no model serves",
    ],
    ["a fallback cycle", { fallbacks: { chat: ["fast"], fast: ["chat"] } }, "is a cycle (chat -> fast -> chat)"],
    [
      "a loose semantic cache",
      { cache: { host: "c", port: 1, semantic: { embeddingGroup: "embedding", similarityThreshold: 0.5 } } },
      "cache.semantic.similarityThreshold is 0.5; allowed: 0.9 to 1",
    ],
  ])("refuses %s", (_, change, message) => {
    expect(problems(change).join("\n")).toContain(message);
  });

  it("refuses a confidential group that reaches outside through any step", () => {
    const fallbacks = { chat: ["fast"], fast: ["cloud"] };
    expect(problems({ fallbacks }, ["chat"]).join()).toContain("reaches `cloud`, which is outside the company");
    expect(problems({ fallbacks }, ["embedding"])).toEqual([]);
  });
});

describe("findCycle", () => {
  const names = fc.constantFrom("a", "b", "c", "d", "e");
  it("finds none where every step goes down an order, and one where a way back is added", () => {
    const downward = fc
      .dictionary(names, fc.array(names))
      .map((graph) =>
        Object.fromEntries(Object.entries(graph).map(([from, to]) => [from, to.filter((name) => name > from)])),
      );
    fc.assert(
      fc.property(downward, (graph) => {
        expect(findCycle(graph)).toBeUndefined();
        const edge = Object.entries(graph).find(([, to]) => to.length > 0);
        if (!edge) return;
        const [from, [to = ""]] = edge;
        expect(findCycle({ ...graph, [to]: [...(graph[to] ?? []), from] })).toBeDefined();
      }),
    );
  });
});

describe("renderLitellmConfig", () => {
  const rendered = parse(renderLitellmConfig(valid)) as {
    model_list: { litellm_params: { tags: string[] } }[];
    litellm_settings: Record<string, unknown>;
  };

  it("writes no secret, only the names of the variables that hold them", () => {
    const values = [...renderLitellmConfig(valid).matchAll(/(?:key|password): (\S+)/g)].map((match) => match[1]);
    expect(values.length).toBeGreaterThan(2);
    expect(values.filter((value) => value !== "none" && !value?.startsWith("os.environ/"))).toEqual([]);
  });

  it("marks external deployments, so that a confidential department's calls can exclude them", () => {
    expect(rendered.model_list.map((model) => model.litellm_params.tags)).toEqual([
      ["default"],
      ["default"],
      ["default"],
      ["default", "external"],
    ]);
  });

  it("never logs prompts", () => {
    expect(rendered.litellm_settings.turn_off_message_logging).toBe(true);
  });
});
