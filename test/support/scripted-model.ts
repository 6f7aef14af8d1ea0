import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ModelEndpoint } from "@ai-platform/core/models/model-client.ts";
import { createOpenAiEndpoint } from "@ai-platform/core/models/openai-endpoint.ts";
import { readBody } from "./model-workers.ts";

/** A chat-completions request as it came in. */
export interface ScriptedRequest {
  readonly model: string;
  readonly messages: readonly {
    readonly role: string;
    readonly content: string | null;
    readonly tool_calls?: unknown;
  }[];
  readonly tools?: readonly { readonly function: { readonly name: string; readonly parameters: unknown } }[];
  readonly max_tokens: number;
  readonly stream: boolean;
}

/** What the scripted model does in one step. */
export type ScriptedReply =
  | { readonly text: string; readonly finish?: "stop" | "length"; readonly usage?: readonly [number, number] | false }
  | { readonly text?: string; readonly calls: readonly { readonly name: string; readonly arguments: unknown }[] }
  /** Sends the text, then cuts the connection. */
  | { readonly dieAfter: string }
  /** Sends the text, then nothing more. */
  | { readonly hangAfter: string }
  /** Ends the stream as if all were well, without a finish reason. */
  | { readonly endAfter: string }
  | { readonly status: number; readonly message: string };

/** One expected request: checks it, and says what to reply. */
export type ScriptedStep = (request: ScriptedRequest) => ScriptedReply;

export interface ScriptedModel {
  readonly baseUrl: string;
  readonly requests: readonly ScriptedRequest[];
  /** Resolves when a client has closed the connection of a reply that was not finished. */
  readonly clientGone: Promise<void>;
  endpoint(price?: ModelEndpoint["price"]): ModelEndpoint;
  /** Stops the server. Throws what a step's check threw, and where steps are left or requests came unasked for. */
  finish(): Promise<void>;
}

const usageOf = ([prompt, completion]: readonly [number, number]) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});

/** Pieces of at most three characters, as no tokeniser would cut them. */
const pieces = (text: string) => text.match(/[\s\S]{1,3}/g) ?? [];

const chunk = (delta: unknown, finish: string | null = null) => ({
  id: "chatcmpl-scripted",
  object: "chat.completion.chunk",
  created: 0,
  model: "scripted",
  choices: [{ index: 0, delta, finish_reason: finish }],
});

function chunksOf(reply: Exclude<ScriptedReply, { status: number }>): unknown[] {
  const text = "calls" in reply ? (reply.text ?? "") : "text" in reply ? reply.text : textBeforeTrouble(reply);
  const deltas: unknown[] = pieces(text).map((content) => chunk({ content }));
  if ("calls" in reply) {
    reply.calls.forEach(({ name, arguments: given }, index) => {
      const written = typeof given === "string" ? given : JSON.stringify(given);
      deltas.push(
        chunk({
          tool_calls: [{ index, id: `call-${String(index)}`, type: "function", function: { name, arguments: "" } }],
        }),
      );
      deltas.push(...pieces(written).map((part) => chunk({ tool_calls: [{ index, function: { arguments: part } }] })));
    });
    deltas.push(chunk({}, "tool_calls"));
  } else if ("text" in reply) {
    deltas.push(chunk({}, reply.finish ?? "stop"));
    if (reply.usage !== false) deltas.push({ ...chunk({}), choices: [], usage: usageOf(reply.usage ?? [100, 20]) });
  }
  return deltas;
}

function textBeforeTrouble(reply: { dieAfter: string } | { hangAfter: string } | { endAfter: string }): string {
  if ("dieAfter" in reply) return reply.dieAfter;
  return "hangAfter" in reply ? reply.hangAfter : reply.endAfter;
}

/** Writes in slices of seven bytes: inside JSON, inside characters, inside line ends. */
async function writeOddly(response: ServerResponse, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += 7) {
    response.write(bytes.subarray(from, from + 7));
    if (from % 700 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function send(response: ServerResponse, reply: ScriptedReply): Promise<void> {
  if ("status" in reply) {
    response.writeHead(reply.status, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { message: reply.message, type: "invalid_request_error", code: null } }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  await writeOddly(
    response,
    chunksOf(reply)
      .map((each) => `data: ${JSON.stringify(each)}\n\n`)
      .join(""),
  );
  if ("hangAfter" in reply) return;
  if ("dieAfter" in reply) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.destroy();
    return;
  }
  response.end("data: [DONE]\n\n");
}

/** An OpenAI-compatible server on loopback that plays a script and nothing else. */
export async function startScriptedModel(
  steps: readonly ScriptedStep[],
  models: readonly string[] = ["scripted"],
): Promise<ScriptedModel> {
  const requests: ScriptedRequest[] = [];
  const failures: Error[] = [];
  let gone: () => void;
  const clientGone = new Promise<void>((resolve) => (gone = resolve));
  const server = createServer((request, response) => {
    response.on("close", () => {
      if (!response.writableFinished) gone();
    });
    if (request.url === "/v1/models") {
      response.end(JSON.stringify({ object: "list", data: models.map((id) => ({ id, object: "model" })) }));
      return;
    }
    void readBody(request).then(async (body) => {
      const asked = JSON.parse(body) as ScriptedRequest;
      const step = steps[requests.length];
      requests.push(asked);
      try {
        if (!step)
          throw new Error(`request ${String(requests.length)} is not in the script of ${String(steps.length)}`);
        await send(response, step(asked));
      } catch (error) {
        failures.push(error instanceof Error ? error : new Error(String(error)));
        response.destroy();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1`;
  const role = models[0] ?? "scripted";
  return {
    baseUrl,
    requests,
    clientGone,
    endpoint: (price) =>
      createOpenAiEndpoint({ baseUrl, models: { chat: role, coding: role, fast: role }, ...(price ? { price } : {}) }),
    async finish() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (failures[0]) throw failures[0];
      if (requests.length < steps.length)
        throw new Error(`the script has ${String(steps.length)} steps, ${String(requests.length)} were used`);
    },
  };
}
