import { desc, eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { audit, usage } from "@ai-platform/core/db/schema/index.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import { openAgentWorld, streamed, type AgentWorld } from "../../../support/agent-world.ts";
import { startScriptedModel, type ScriptedReply, type ScriptedRequest } from "../../../support/scripted-model.ts";

const leave = "Chaque salarié acquiert 2 jours ouvrables de congé par mois de travail effectif, soit 24 jours par an.";
const question = "Combien de jours de congé par an ?";

const search = (query: string): ScriptedReply => ({ calls: [{ name: "search_knowledge_base", arguments: { query } }] });
const lastMessage = (request: ScriptedRequest) => request.messages.at(-1)?.content ?? "";

let world: AgentWorld;
let caller: VerifiedCaller;
beforeAll(async () => {
  world = await openAgentWorld();
  caller = await world.identity.caller();
  await world.publish({ title: "Congés", texts: [leave, "Les jours non pris sont reportés jusqu'au 31 mars."] });
});
afterAll(() => world.close());

describe("a model that calls tools", () => {
  it("searches, answers and cites, and everything is booked", async () => {
    const model = await startScriptedModel([
      (request) => {
        expect(request.tools?.map((tool) => tool.function.name)).toEqual(["search_knowledge_base", "read_document"]);
        expect(request.messages.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user"]);
        expect(request.messages[2]?.content).toBe("Oui.");
        return search("jours de congé par an");
      },
      (request) => {
        const mark = /<source-[0-9a-f]{16}>/.exec(request.messages[0]?.content ?? "")?.[0];
        expect(mark).toBeDefined();
        expect(lastMessage(request)).toContain(mark);
        expect(lastMessage(request)).toContain(leave);
        return {
          text: "Voici :\n- Vous avez **24 jours** par an [1].\n- Et un salaire de 99999 DH [1].\n",
          usage: [321, 45],
        };
      },
    ]);
    const { answer, events } = await world.ask("hr", caller, question, {
      endpoint: model.endpoint({ prompt: 1e-6, completion: 2e-6 }),
      conversation: [
        { role: "user", content: "Bonjour" },
        { role: "assistant", content: "Oui [7]." },
      ],
    });
    await model.finish();
    expect(answer).toMatchObject({
      answer: "Voici :\n- Vous avez **24 jours** par an [1].\n",
      refused: false,
      removedSentences: 1,
      citations: [{ id: 1, title: "Congés", quote: leave }],
      usage: { model: "scripted", completionTokens: expect.any(Number) as number, modelCalls: 2, toolCalls: 1 },
    });
    expect(answer).not.toHaveProperty("degraded");
    expect(answer).not.toHaveProperty("incomplete");
    expect(streamed(events)).toBe(answer.answer);
    expect(events.map(({ type }) => type)).toEqual([
      "run.started",
      "tool.call",
      "tool.result",
      "citation",
      "delta",
      "usage",
      "done",
    ]);

    const booked = await world.database.db
      .select()
      .from(usage)
      .where(eq(usage.requestId, `${answer.runId}:2`));
    expect(booked).toMatchObject([
      { userId: caller.subject, agent: "hr", promptTokens: 321, completionTokens: 45, outcome: "success" },
    ]);
    expect(Number(booked[0]?.cost)).toBeCloseTo(321e-6 + 90e-6, 12);
    const [entry] = await world.database.db.select().from(audit).orderBy(desc(audit.seq)).limit(1);
    expect(entry).toMatchObject({
      action: "agent.answered",
      target: "agent:hr",
      detail: { runId: answer.runId, rights: answer.rights },
    });
    expect(JSON.stringify(entry)).not.toMatch(/congé|24 jours/i);
  });

  it("reads on in a document it was given a passage of", async () => {
    const model = await startScriptedModel([
      () => search("jours de congé par an"),
      () => ({ calls: [{ name: "read_document", arguments: { passage: 1, from: 1 } }] }),
      (request) => {
        expect(lastMessage(request)).toContain("31 mars");
        return { text: "Le report court jusqu'au 31 mars [2]." };
      },
    ]);
    const { answer } = await world.ask("hr", caller, question, { endpoint: model.endpoint() });
    await model.finish();
    expect(answer.answer).toBe("Le report court jusqu'au 31 mars [2].");
  });

  it.each([
    ["malformed arguments", { name: "search_knowledge_base", arguments: '{"query": "con' }, "invalid-arguments"],
    ["arguments that do not fit", { name: "search_knowledge_base", arguments: { q: 1 } }, "invalid-arguments"],
    ["an unknown tool", { name: "send_mail", arguments: { to: "x@evil.example" } }, "unknown-tool"],
    ["a passage it never got", { name: "read_document", arguments: { passage: 99 } }, "not-found"],
  ])("is told of %s and can go on", async (_, call, code) => {
    const model = await startScriptedModel([
      () => ({ calls: [call] }),
      (request) => {
        expect(JSON.parse(lastMessage(request))).toMatchObject({ error: { code } });
        return search("congé par an");
      },
      () => ({ text: "C'est 24 jours [1]." }),
    ]);
    const { answer, events } = await world.ask("hr", caller, question, { endpoint: model.endpoint() });
    await model.finish();
    expect(answer.answer).toBe("C'est 24 jours [1].");
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "tool.result",
        data: expect.objectContaining({ ok: false, error: code }) as unknown,
      }),
    );
  });

  it("refuses in the agent's words when it says that nothing was found", async () => {
    const model = await startScriptedModel([
      () => search("capitale du Pérou"),
      () => ({ text: "Je n'ai rien trouvé à ce sujet dans les documents RH que vous pouvez lire." }),
    ]);
    const { answer } = await world.ask("hr", caller, "Quelle est la capitale du Pérou ?", {
      endpoint: model.endpoint(),
    });
    await model.finish();
    expect(answer).toMatchObject({
      refused: true,
      citations: [],
      answer: "Je n'ai rien trouvé à ce sujet dans les documents RH que vous pouvez lire.",
    });
  });

  it("answers with passages when nothing it wrote stands up to the sources", async () => {
    const model = await startScriptedModel([
      () => search("congé par an"),
      () => ({ text: "Vous avez 55 jours [1]. Ou même 66 [12]." }),
    ]);
    const { answer } = await world.ask("hr", caller, question, { endpoint: model.endpoint() });
    await model.finish();
    expect(answer).toMatchObject({ degraded: "unverified", removedSentences: 2, refused: false });
    expect(answer.answer).toContain("24 jours");
    expect(answer.answer).not.toMatch(/55|66/);
  });
});

describe("a model that cannot or does not call tools", () => {
  it("is given the passages up front, and is not offered tools again", async () => {
    const model = await startScriptedModel([
      (request) => {
        expect(request.tools).toBeDefined();
        return { status: 400, message: "scripted does not support tools" };
      },
      ...[1, 2].map(() => (request: ScriptedRequest): ScriptedReply => {
        expect(request.tools).toBeUndefined();
        expect(lastMessage(request)).toContain(leave);
        expect(lastMessage(request)).toMatch(/Combien de jours de congé par an \?$/);
        return { text: "C'est 24 jours [1]." };
      }),
    ]);
    const endpoint = model.endpoint();
    for (let run = 0; run < 2; run++) {
      const { answer } = await world.ask("hr", caller, question, { endpoint });
      expect(answer).toMatchObject({ answer: "C'est 24 jours [1].", usage: { toolCalls: 1 } });
    }
    await model.finish();
  });

  it("is asked again with passages when it answered from memory", async () => {
    const model = await startScriptedModel([
      () => ({ text: "De mémoire, 18 jours." }),
      () => ({ text: "C'est 24 jours [1]." }),
    ]);
    const { answer, events } = await world.ask("hr", caller, question, { endpoint: model.endpoint() });
    await model.finish();
    expect(answer).toMatchObject({ answer: "C'est 24 jours [1].", removedSentences: 1 });
    expect(streamed(events)).toBe(answer.answer);
  });

  it("keeps its thinking to itself", async () => {
    const model = await startScriptedModel([
      () => search("congé"),
      () => ({ text: "<think>Le congé est de 24 jours par an [1].</think>C'est 24 jours [1]." }),
    ]);
    const { answer } = await world.ask("hr", caller, question, { endpoint: model.endpoint() });
    await model.finish();
    expect(answer.answer).toBe("C'est 24 jours [1].");
  });
});
