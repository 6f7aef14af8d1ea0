// Stands in for a language model where no weights can be fetched. It does what a well-behaved model would do first:
// offered a search tool, it searches for the question; given passages, it repeats the first one and cites it.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  args: process.argv.slice(2),
  strict: false,
  options: { port: { type: "string" }, alias: { type: "string" }, "api-key-file": { type: "string" } },
});
const key = values["api-key-file"] ? readFileSync(values["api-key-file"], "utf8").trim() : undefined;
const usage = (prompt, completion) => ({
  prompt_tokens: Math.ceil(prompt.length / 4),
  completion_tokens: Math.ceil(completion.length / 4),
  total_tokens: Math.ceil(prompt.length / 4) + Math.ceil(completion.length / 4),
});

/** The reply as the message of a chat completion. */
function reply({ messages, tools = [] }) {
  const results = messages.filter(({ role }) => role === "tool");
  const question = messages.findLast(({ role }) => role === "user")?.content ?? "";
  const search = tools.find((tool) => tool.function.name.includes("search"));
  if (search && results.length === 0) {
    const call = { name: search.function.name, arguments: JSON.stringify({ query: String(question).slice(-500) }) };
    return { role: "assistant", content: null, tool_calls: [{ id: "call_1", type: "function", function: call }] };
  }
  return {
    role: "assistant",
    content: results.length > 0 ? firstPassage(results[0].content) : `You said: ${question}`,
  };
}

/** The first sentence of the first passage in a tool result, with the number it is cited by. */
function firstPassage(result) {
  const text = typeof result === "string" ? result : JSON.stringify(result);
  const number = /"id":\s*(\d+)/.exec(text)?.[1] ?? "1";
  const passage = /"text":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text;
  const sentence = /[^.!?\n\\]{20,}[.!?]/.exec(passage)?.[0].trim() ?? passage.slice(0, 200);
  return `${sentence.replace(/[.!?]$/, "")} [${number}].`;
}

createServer(async (request, response) => {
  const send = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (request.url === "/health") return send(200, { status: "ok" });
  if (key && request.headers.authorization !== `Bearer ${key}`) return send(401, { error: { message: "wrong key" } });
  if (request.url === "/v1/models") return send(200, { object: "list", data: [{ id: values.alias, object: "model" }] });
  if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
    return send(404, { error: { message: "not here" } });
  }
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = JSON.parse(Buffer.concat(parts).toString());
  const message = reply(body);
  const common = { id: `stand-in-${Date.now()}`, created: Math.floor(Date.now() / 1000), model: values.alias };
  const finish = message.tool_calls ? "tool_calls" : "stop";
  const spent = usage(JSON.stringify(body.messages), message.content ?? "");
  if (!body.stream) {
    const choice = { index: 0, message, finish_reason: finish };
    return send(200, { ...common, object: "chat.completion", choices: [choice], usage: spent });
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const event = (chunk) =>
    response.write(`data: ${JSON.stringify({ ...common, object: "chat.completion.chunk", ...chunk })}\n\n`);
  const calls = message.tool_calls?.map((call, index) => ({ index, ...call }));
  event({
    choices: [{ index: 0, delta: { ...message, ...(calls ? { tool_calls: calls } : {}) }, finish_reason: null }],
  });
  event({ choices: [{ index: 0, delta: {}, finish_reason: finish }] });
  if (body.stream_options?.include_usage) event({ choices: [], usage: spent });
  return response.end("data: [DONE]\n\n");
}).listen(Number(values.port ?? 8080), "0.0.0.0");
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
