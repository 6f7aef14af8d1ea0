import { and, desc, eq, like } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { audit, usage } from "@ai-platform/core/db/schema/index.ts";
import { setLimit } from "@ai-platform/core/gateway/limits.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import type { ModelEndpoint } from "@ai-platform/core/models/model-client.ts";
import { createOpenAiEndpoint } from "@ai-platform/core/models/openai-endpoint.ts";
import { recordUsage } from "@ai-platform/core/usage.ts";
import type { RunLimits } from "@ai-platform/api/agents/loop/limits.ts";
import { openAgentWorld, streamed, type AgentWorld } from "../../../support/agent-world.ts";
import { startScriptedModel, type ScriptedReply, type ScriptedStep } from "../../../support/scripted-model.ts";

const question = "Combien de jours de congé par an ?";
const search = (query: string): ScriptedReply => ({ calls: [{ name: "search_knowledge_base", arguments: { query } }] });

let world: AgentWorld;
let caller: VerifiedCaller;
beforeAll(async () => {
  world = await openAgentWorld();
  caller = await world.identity.caller();
  await world.publish({ title: "Congés", texts: ["Chaque salarié a droit à 24 jours de congé par an."] });
});
afterAll(() => world.close());

describe("caps", () => {
  it.each<[string, Partial<RunLimits>, ScriptedStep[], { reason: string; limit: number }]>([
    [
      "the same call again and again",
      {},
      Array.from({ length: 3 }, () => () => search("congé")),
      { reason: "identical-calls", limit: 2 },
    ],
    [
      "ever new calls",
      { toolCalls: 3 },
      [1, 2, 3, 4].map((each) => () => search(`congé ${String(each)}`)),
      { reason: "tool-calls", limit: 3 },
    ],
    [
      "too many steps",
      { steps: 2 },
      [1, 2].map((each) => () => search(`congé ${String(each)}`)),
      { reason: "steps", limit: 2 },
    ],
    ["too long a prompt", { promptTokens: 50 }, [], { reason: "prompt-tokens", limit: 50 }],
    [
      "too much text",
      { completionTokens: 60 },
      [
        () => search("congé"),
        () => ({ calls: [{ name: "search_knowledge_base", arguments: { query: "x".repeat(300) } }] }),
      ],
      { reason: "completion-tokens", limit: 60 },
    ],
    ["too much money", { cost: 0.01 }, [], { reason: "cost", limit: 0.01 }],
    [
      "a reply cut at its length",
      { completionTokensPerCall: 77 },
      [
        () => search("congé"),
        (request) => {
          expect(request.max_tokens).toBe(77);
          return { text: "C'est 24 jours par an [1]. Chaque salarié a droit à 24 jours", finish: "length" };
        },
      ],
      { reason: "completion-tokens", limit: 77 },
    ],
  ])("end %s with a typed result", async (_, limits, steps, incomplete) => {
    const model = await startScriptedModel(steps);
    const { answer, events } = await world.ask("hr", caller, question, {
      endpoint: model.endpoint({ prompt: 1e-5, completion: 1e-5 }),
      limits: { cost: 1, ...limits },
    });
    await model.finish();
    expect(answer.incomplete).toEqual(incomplete);
    expect(answer.answer).toContain("24 jours");
    expect(answer.answer).not.toMatch(/24 jours(?: \[1\])?$/);
    expect(events).toContainEqual({ type: "incomplete", data: incomplete });
    expect(events.at(-1)?.type).toBe("done");
    expect(streamed(events)).toBe(answer.answer);
  });

  it("end a run that hangs, and give the model server back", async () => {
    const model = await startScriptedModel([
      () => search("congé"),
      () => ({ hangAfter: "C'est 24 jours par an [1]. Et" }),
    ]);
    const { answer } = await world.ask("hr", caller, question, {
      endpoint: model.endpoint(),
      limits: { wallTime: 1_500 },
    });
    await model.clientGone;
    await model.finish();
    expect(answer).toMatchObject({
      answer: "C'est 24 jours par an [1]. ",
      incomplete: { reason: "wall-time", limit: 1_500 },
    });
  });
});

describe("a model server that fails", () => {
  const dies: ScriptedReply = { dieAfter: "C'est 24 jours par an [1]. Chaque salarié a droit à 24 jours" };
  const ends: ScriptedReply = { endAfter: "C'est 24 jours par an [1]. Chaque salarié a droit à 24 jours" };
  it.each([
    ["breaks off", dies],
    ["ends without a finish", ends],
  ])("leaves what was verified when it %s", async (_, trouble) => {
    const model = await startScriptedModel([() => search("congé"), () => trouble]);
    const { answer, events } = await world.ask("hr", caller, question, { endpoint: model.endpoint() });
    await model.finish();
    expect(answer).toMatchObject({ degraded: "no-model", refused: false, answer: "C'est 24 jours par an [1]. " });
    expect(streamed(events)).toBe(answer.answer);
    const calls = await world.database.db
      .select()
      .from(usage)
      .where(like(usage.requestId, `${answer.runId}:%`))
      .orderBy(usage.requestId);
    expect(calls.map(({ outcome }) => outcome)).toEqual(["success", "failure"]);
    expect(calls[1]?.completionTokens).toBeGreaterThan(0);
  });

  it.each<[string, ScriptedReply, number?]>([
    ["refuses the key", { status: 401, message: "invalid key" }],
    ["does not know the model", { status: 404, message: "no such model" }],
    ["breaks off before a word, twice", { dieAfter: "" }, 2],
  ])("gives passages when it %s", async (_, trouble, times = 1) => {
    const model = await startScriptedModel(Array.from({ length: times }, () => () => trouble));
    const { answer } = await world.ask("hr", caller, question, { endpoint: model.endpoint() });
    await model.finish();
    expect(answer).toMatchObject({ degraded: "no-model", refused: false, citations: [{ id: 1, title: "Congés" }] });
  });

  it("gives passages when nobody answers", async () => {
    const endpoint = createOpenAiEndpoint({
      baseUrl: "http://127.0.0.1:1/v1",
      models: { chat: "x", coding: "x", fast: "x" },
    });
    const { answer } = await world.ask("hr", caller, question, { endpoint });
    expect(answer).toMatchObject({ degraded: "no-model", refused: false });
  });
});

describe("a spent budget", () => {
  it("ends the run before the model is asked", async () => {
    const poor = await world.identity.caller({ department: "poor" });
    const { db } = world.database;
    const { tenant, subject: userId } = poor;
    const spent = {
      requestId: `spent-${userId}`,
      tenant,
      userId,
      department: "poor",
      model: "m",
      promptTokens: 1,
      completionTokens: 1,
    };
    await recordUsage(db, { ...spent, cost: 5 });
    await setLimit(db, tenant, "department", "poor", { hardBudget: 5 });
    const model = await startScriptedModel([]);
    await expect(world.ask("hr", poor, question, { endpoint: model.endpoint() })).rejects.toMatchObject({
      code: "budget-exceeded",
    });
    await model.finish();
  });
});

describe("a model gateway", () => {
  it("is told for whom it works, and books the calls itself", async () => {
    const model = await startScriptedModel([() => search("congé"), () => ({ text: "C'est 24 jours par an [1]." })]);
    const asked: unknown[] = [];
    const endpoint: ModelEndpoint = {
      ...model.endpoint(),
      onBehalfOf: (who, agent) => {
        asked.push([who.subject, agent]);
        return model.endpoint();
      },
    };
    const { answer } = await world.ask("hr", caller, question, { endpoint });
    await model.finish();
    expect(answer.answer).toBe("C'est 24 jours par an [1].");
    expect(asked).toEqual([[caller.subject, "hr"]]);
    expect(await world.database.db.$count(usage, like(usage.requestId, `${answer.runId}:%`))).toBe(0);
  });
});

describe("a caller who goes away", () => {
  it("frees the model server, and the run is audited and booked", async () => {
    const model = await startScriptedModel([
      () => search("congé"),
      () => ({ hangAfter: "C'est 24 jours par an [1]. Et" }),
    ]);
    const gone = new AbortController();
    let runId = "";
    const asked = world.ask("hr", caller, question, {
      endpoint: model.endpoint(),
      signal: gone.signal,
      onEvent: (event) => {
        if (event.type === "run.started") runId = event.data.runId;
        if (event.type === "delta") gone.abort(new Error("gone"));
      },
    });
    await expect(asked).rejects.toMatchObject({ code: "invalid-request" });
    await model.clientGone;
    await model.finish();
    const [entry] = await world.database.db
      .select()
      .from(audit)
      .where(eq(audit.action, "agent.failed"))
      .orderBy(desc(audit.seq))
      .limit(1);
    expect(entry).toMatchObject({ outcome: "failure", detail: { runId, reason: "cancelled" } });
    const failed = and(like(usage.requestId, `${runId}:%`), eq(usage.outcome, "failure"));
    expect(await world.database.db.$count(usage, failed)).toBe(1);
  });
});
