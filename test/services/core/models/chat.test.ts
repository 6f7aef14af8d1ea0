import fc from "fast-check";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { ModelFailure, streamChat, type ChatRequest } from "@ai-platform/core/models/chat.ts";
import { createOpenAiEndpoint } from "@ai-platform/core/models/openai-endpoint.ts";
import { createReasoningFilter } from "@ai-platform/core/models/reasoning.ts";
import { startScriptedModel } from "../../../support/scripted-model.ts";

const tool = { name: "look", description: "Looks", parameters: { type: "object", properties: {} } };
const request: ChatRequest = {
  role: "chat",
  messages: [{ role: "user", content: "سؤال" }],
  tools: [tool],
  maxTokens: 9,
};
const options = (extra = {}) => ({ signal: new AbortController().signal, onText: () => undefined, ...extra });

describe("a streamed model call", () => {
  it("puts text and tool calls together again, however they were cut", async () => {
    const args = { query: "congé « payé » — إجازة" };
    const model = await startScriptedModel([
      () => ({
        text: "Je cherche… ابحث",
        calls: [
          { name: "look", arguments: args },
          { name: "look", arguments: {} },
        ],
      }),
    ]);
    let shown = "";
    const turn = await streamChat(model.endpoint(), request, options({ onText: (text: string) => (shown += text) }));
    await model.finish();
    expect(shown).toBe("Je cherche… ابحث");
    expect(turn.text).toBe(shown);
    expect(turn.toolCalls.map((call) => [call.id, call.name, JSON.parse(call.arguments) as unknown])).toEqual([
      ["call-0", "look", args],
      ["call-1", "look", {}],
    ]);
    expect(turn.usage.completionTokens).toBeGreaterThan(0);
  });

  it("tells calls apart by id where a server gives all of them index 0, and makes up missing ids", async () => {
    const chunks = [
      [{ index: 0, id: "a", function: { name: "look", arguments: '{"n":1}' } }],
      [{ index: 0, id: "b", function: { name: "look", arguments: '{"n":2}' } }],
      [{ index: 1, function: { name: "look", arguments: '{"n":3}' } }],
    ].map((tool_calls) => ({ choices: [{ index: 0, delta: { tool_calls }, finish_reason: null }] }));
    const server = createServer((_, response) => {
      response.setHeader("content-type", "text/event-stream");
      const end = { choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] };
      response.end([...chunks, end].map((each) => `data: ${JSON.stringify(each)}\n\n`).join("") + "data: [DONE]\n\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const baseUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1`;
    const endpoint = createOpenAiEndpoint({ baseUrl, models: { chat: "m", coding: "m", fast: "m" } });
    const { toolCalls } = await streamChat(endpoint, request, options());
    server.closeAllConnections();
    server.close();
    expect(toolCalls).toEqual([
      { id: "a", name: "look", arguments: '{"n":1}' },
      { id: "b", name: "look", arguments: '{"n":2}' },
      { id: "call_2", name: "look", arguments: '{"n":3}' },
    ]);
  });

  it.each([
    ["hung", { hangAfter: "Bon" }, { idleTimeout: 100 }],
    ["cut-off", { dieAfter: "Bon" }, {}],
    ["cut-off", { endAfter: "Bon" }, {}],
    ["refused", { status: 404, message: "no such model" }, {}],
    ["tools-unsupported", { status: 400, message: "m does not support tools" }, {}],
    ["tools-unsupported", { status: 400, message: '"auto" tool choice requires --enable-auto-tool-choice' }, {}],
  ] as const)("fails as %s after %j", async (reason, reply, extra) => {
    const model = await startScriptedModel([() => reply]);
    const failure = await streamChat(model.endpoint(), request, options(extra)).catch((error: unknown) => error);
    await model.finish();
    expect(failure).toBeInstanceOf(ModelFailure);
    expect(failure).toMatchObject({ reason });
  });

  it("is tried once more where the server is overloaded", async () => {
    const model = await startScriptedModel([() => ({ status: 503, message: "busy" }), () => ({ text: "Oui." })]);
    expect((await streamChat(model.endpoint(), request, options())).text).toBe("Oui.");
    await model.finish();
  });

  it("says what was spent when it is given up", async () => {
    const model = await startScriptedModel([() => ({ hangAfter: "Bonjour" })]);
    const stop = new AbortController();
    const call = streamChat(model.endpoint(), request, { signal: stop.signal, onText: () => stop.abort() });
    await expect(call).rejects.toMatchObject({
      reason: "aborted",
      usage: { completionTokens: expect.any(Number) as number },
    });
    await model.clientGone;
    await model.finish();
  });
});

describe("a model's thinking", () => {
  const part = fc.constantFrom("<think>", "</think>", "<thi", "nk>", "a", "é", " ", "<", ">", "/");

  it("is taken out of a stream wherever the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 15 }), fc.integer({ min: 1, max: 4 }), (parts, size) => {
        const text = parts.join("");
        const filter = createReasoningFilter();
        const pieces = text.match(new RegExp(`[\\s\\S]{1,${String(size)}}`, "g")) ?? [];
        const shown = pieces.map(filter).join("");
        const whole = text.replace(/<think>[\s\S]*?(?:<\/think>|$)/g, "");
        // What could still become a tag is held back at the end.
        expect(whole.startsWith(shown)).toBe(true);
        expect(whole.length - shown.length).toBeLessThan("<think>".length);
      }),
      { numRuns: 2_000 },
    );
  });
});
