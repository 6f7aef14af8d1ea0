import { randomUUID } from "node:crypto";
import type { Retriever } from "@ai-platform/core/access/retriever.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import type { Logger } from "@ai-platform/core/logger.ts";
import type { ModelSource } from "@ai-platform/core/models/model-client.ts";
import type { AgentDefinition, Answer, AskRequest, Degradation, Incomplete, RunUsage } from "./agent.ts";
import { answerFromPassages } from "./answer-from-passages.ts";
import { createAnswerWriter } from "./answer-writer.ts";
import { disclaimerFor } from "./disclaimer.ts";
import type { Emit } from "./events.ts";
import { recordAnswer, recordFailure } from "./record.ts";
import { createRunContext } from "./run-context.ts";
import { answerLanguage } from "./text/language.ts";

export interface AgentServices {
  readonly db: Db;
  readonly retriever: Retriever;
  readonly models: ModelSource;
  readonly logger: Logger;
}

export interface Ask {
  readonly agent: AgentDefinition;
  readonly caller: VerifiedCaller;
  readonly request: AskRequest;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** Answers one question; events tell of it as it goes on, the last one is `done` with what is returned. */
export async function runAgent(services: AgentServices, ask: Ask): Promise<Answer> {
  const { agent, caller, request, signal, emit } = ask;
  const run = createRunContext({
    runId: randomUUID(),
    agent,
    caller,
    question: request.question,
    language: request.language ?? answerLanguage(request.question),
    retriever: services.retriever,
    signal,
    emit,
  });
  emit({ type: "run.started", data: { runId: run.runId, agent: agent.name, language: run.language } });
  try {
    const writer = createAnswerWriter(run);
    const degraded: Degradation = "no-model";
    const incomplete = undefined as Incomplete | undefined;
    emit({ type: "degraded", data: { reason: degraded } });
    const found = await answerFromPassages(run, writer);
    const usage: RunUsage = {
      model: null,
      promptTokens: 0,
      completionTokens: 0,
      cost: 0,
      modelCalls: 0,
      toolCalls: 0,
    };
    const disclaimer = disclaimerFor(agent, run.language, writer.cited);
    const answer: Answer = {
      runId: run.runId,
      agent: agent.name,
      language: run.language,
      answer: writer.text,
      refused: !found,
      citations: [...writer.citations],
      usage,
      degraded,
      ...(incomplete ? { incomplete } : {}),
      removedSentences: writer.removed,
      rights: run.rights,
      ...(disclaimer === undefined ? {} : { disclaimer }),
    };
    await recordAnswer(services.db, run, answer);
    emit({ type: "usage", data: usage });
    emit({ type: "done", data: answer });
    return answer;
  } catch (error) {
    const problem =
      error instanceof Problem ? error : new Problem("internal", "The answer could not be finished.", { cause: error });
    if (problem.code === "internal") services.logger.error({ err: error, runId: run.runId }, "agent run failed");
    await recordFailure(services.db, run, signal.aborted ? "cancelled" : problem.code);
    emit({ type: "error", data: problem.toDocument(run.runId) });
    throw problem;
  }
}
