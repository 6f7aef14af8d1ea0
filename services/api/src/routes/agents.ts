import type { FastifyInstance, FastifyReply } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { agentNames, answerLanguages, answerSchema, askRequestSchema } from "../agents/agent.ts";
import { agents } from "../agents/definitions/index.ts";
import { runAgent, type AgentServices } from "../agents/run.ts";
import { createEventStream, type EventStream } from "../agents/sse.ts";

const agentListSchema = z.object({
  agents: z.array(
    z.object({
      name: z.enum(agentNames),
      title: z.string(),
      description: z.string(),
      collections: z.array(z.string()),
    }),
  ),
});

/** Aborts when the connection closes before the reply is finished. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort(new Error("the caller has gone"));
  });
  return gone.signal;
}

/** nginx buffers replies unless told not to; a stream that arrives at once is none. */
function sendEventStream(reply: FastifyReply, stream: EventStream): FastifyReply {
  return reply
    .header("content-type", "text/event-stream; charset=utf-8")
    .header("cache-control", "no-store")
    .header("x-accel-buffering", "no")
    .send(stream.body);
}

const eventStreamDoc = z
  .string()
  .describe(
    "Server-sent events with increasing ids: run.started, tool.call, tool.result, citation, delta, degraded, incomplete, usage, then done with the whole answer, or error with a problem document. A stream that ends without done has failed.",
  );

/** Agents one can ask, and asking them: as JSON, or as server-sent events where the caller accepts them. */
export function agentRoutes(app: FastifyInstance, services: AgentServices): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    "/agents",
    {
      config: { permission: "agents:ask" },
      schema: {
        tags: ["agents"],
        summary: "Agents the caller may ask",
        querystring: z.object({ language: z.enum(answerLanguages).default("fr") }),
        response: { 200: agentListSchema },
      },
    },
    async ({ query: { language } }) => ({
      agents: Object.values(agents).map(({ name, title, description, collections }) => ({
        name,
        title: title[language],
        description: description[language],
        collections: [...collections],
      })),
    }),
  );

  for (const agent of Object.values(agents)) {
    routes.post(
      `/agent/${agent.name}`,
      {
        config: { permission: "agents:ask" },
        schema: {
          tags: ["agents"],
          summary: `Ask the agent: ${agent.title.en}`,
          description: agent.description.en,
          body: askRequestSchema,
          response: {
            200: {
              description: "The answer with its citations",
              content: {
                "application/json": { schema: answerSchema },
                "text/event-stream": { schema: eventStreamDoc },
              },
            },
          },
        },
      },
      async (request, reply) => {
        const ask = { agent, caller: request.caller, request: request.body, signal: goneSignal(reply) };
        if (!request.headers.accept?.includes("text/event-stream"))
          return runAgent(services, { ...ask, emit: () => undefined });
        const stream = createEventStream();
        // The run reports its own failure as an `error` event; there is no status left to send it with.
        void runAgent(services, { ...ask, emit: (event) => stream.send(event) })
          .catch(() => undefined)
          .finally(() => stream.end());
        return sendEventStream(reply, stream);
      },
    );
  }
}
