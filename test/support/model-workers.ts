import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A scripted OpenAI-compatible model server on loopback; it answers with its own name. */
export interface ModelWorker {
  readonly name: string;
  readonly baseUrl: string;
  /** Chat bodies received, in order. */
  readonly calls: Record<string, unknown>[];
  /** Cuts every connection and stops listening, as a killed process would. */
  kill(): Promise<void>;
  /** Listens again on the same port. */
  revive(): Promise<void>;
}

/** Tokens every answer reports, so that costs can be checked exactly. */
export const workerUsage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } as const;

/** Starts a worker on a free port. @param delayMs time each answer takes */
export async function startWorker(name: string, delayMs = 5): Promise<ModelWorker> {
  const calls: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    void answer(name, calls, delayMs, request, response);
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  return {
    name,
    baseUrl: `http://127.0.0.1:${port}/v1`,
    calls,
    kill: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
    revive: () => listen(server, port),
  };
}

const listen = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });

/** The whole body of a request as text. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

async function answer(
  name: string,
  calls: Record<string, unknown>[],
  delayMs: number,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (request.method !== "POST") {
    response.statusCode = 404;
    response.end();
    return;
  }
  const body = JSON.parse(await readBody(request)) as {
    stream?: boolean;
    stream_options?: { include_usage?: boolean };
  };
  calls.push(body);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  if (request.url?.endsWith("/embeddings")) {
    response.setHeader("content-type", "application/json");
    const data = [{ object: "embedding", index: 0, embedding: [0.6, 0.8] }];
    response.end(JSON.stringify({ object: "list", data, model: name, usage: { prompt_tokens: 11, total_tokens: 11 } }));
    return;
  }
  const common = { id: "reused-by-every-answer", created: 1, model: name };
  if (!body.stream) {
    const choice = { index: 0, message: { role: "assistant", content: name }, finish_reason: "stop" };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ...common, object: "chat.completion", choices: [choice], usage: workerUsage }));
    return;
  }
  response.setHeader("content-type", "text/event-stream");
  const send = (chunk: object) =>
    response.write(`data: ${JSON.stringify({ ...common, object: "chat.completion.chunk", ...chunk })}\n\n`);
  for (const content of [name.slice(0, 2), name.slice(2)]) {
    send({ choices: [{ index: 0, delta: { role: "assistant", content }, finish_reason: null }] });
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
  // A real vLLM reports the usage of a stream only when it is asked to.
  if (body.stream_options?.include_usage) send({ choices: [], usage: workerUsage });
  response.end("data: [DONE]\n\n");
}
