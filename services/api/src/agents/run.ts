import { randomUUID } from "node:crypto";
import type { Retriever } from "@ai-platform/core/access/retriever.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import type { Logger } from "@ai-platform/core/logger.ts";
import type { ModelSource } from "@ai-platform/core/models/model-client.ts";
import type { AgentDefinition, Answer, AskRequest, Degradation, Incomplete } from "./agent.ts";
import { answerFromPassages } from "./answer-from-passages.ts";
import { createAnswerWriter, type AnswerWriter } from "./answer-writer.ts";
import { disclaimerFor } from "./disclaimer.ts";
import type { Emit } from "./events.ts";
import { defaultLimits, type RunLimits } from "./loop/limits.ts";
import { runModel, type ModelOutcome } from "./loop/run-model.ts";
import { recordAnswer, recordFailure } from "./record.ts";
import { createRunContext, type RunContext } from "./run-context.ts";
import { answerLanguage } from "./text/language.ts";
import { contentStems } from "./text/words.ts";

export interface AgentServices {
  readonly db: Db;
  readonly retriever: Retriever;
  readonly models: ModelSource;
  readonly logger: Logger;
  /** @default {@link defaultLimits} */
  readonly limits?: RunLimits;
}

export interface Ask {
  readonly agent: AgentDefinition;
  readonly caller: VerifiedCaller;
  readonly request: AskRequest;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** Words a question needs to be searched for by itself; "and for managers?" has fewer. */
const enoughWords = 3;

function searchText({ question, conversation = [] }: AskRequest): string {
  const before = conversation.findLast(({ role }) => role === "user");
  return before && contentStems(question).size < enoughWords ? `${before.content} ${question}` : question;
}

/** Answers one question; events tell of it as it goes on, the last one is `done` with what is returned. */
export async function runAgent(services: AgentServices, ask: Ask): Promise<Answer> {
  const { agent, caller, request, signal, emit } = ask;
  const run = createRunContext({
    runId: randomUUID(),
    agent,
    caller,
    question: request.question,
    searchText: searchText(request),
    language: request.language ?? answerLanguage(request.question),
    retriever: services.retriever,
    signal,
    emit,
  });
  emit({ type: "run.started", data: { runId: run.runId, agent: agent.name, language: run.language } });
  try {
    const answer = await compose(services, run, request);
    await recordAnswer(services.db, run, answer);
    emit({ type: "usage", data: answer.usage });
    emit({ type: "done", data: answer });
    return answer;
  } catch (error) {
    const problem = toProblem(error, signal);
    const reason = signal.aborted ? "cancelled" : problem.code;
    if (reason === "internal") services.logger.error({ err: error, runId: run.runId }, "agent run failed");
    // The caller is told even where the audit trail cannot be: the same failure may have taken both.
    await recordFailure(services.db, run, reason).catch((err: unknown) => {
      services.logger.error({ err, runId: run.runId }, "failed run not audited");
    });
    emit({ type: "error", data: problem.toDocument(run.runId) });
    throw problem;
  }
}

function toProblem(error: unknown, signal: AbortSignal): Problem {
  if (signal.aborted) return new Problem("invalid-request", "The connection was closed before the answer was there.");
  return error instanceof Problem ? error : new Problem("internal", "The answer could not be made.", { cause: error });
}

async function compose(services: AgentServices, run: RunContext, request: AskRequest): Promise<Answer> {
  const { agent, language, emit } = run;
  const writer = createAnswerWriter(run);
  const limits = services.limits ?? defaultLimits;
  const { failed, incomplete, usage } = await runModel(services, run, {
    writer,
    limits,
    conversation: request.conversation,
  });
  run.signal.throwIfAborted();
  const { refused, degraded } = await complete(run, writer, failed, incomplete);
  if (incomplete) emit({ type: "incomplete", data: incomplete });
  const disclaimer = disclaimerFor(agent, language, writer.cited);
  return {
    runId: run.runId,
    agent: agent.name,
    language,
    answer: writer.text,
    refused,
    citations: [...writer.citations],
    usage,
    ...(degraded ? { degraded } : {}),
    ...(incomplete ? { incomplete } : {}),
    removedSentences: writer.removed,
    rights: run.rights,
    ...(disclaimer === undefined ? {} : { disclaimer }),
  };
}

/** Makes what the model has written into an answer: as it is, with passages in place of what is missing, or refused. */
async function complete(
  run: RunContext,
  writer: AnswerWriter,
  failed: ModelOutcome["failed"],
  incomplete: Incomplete | undefined,
): Promise<Pick<Answer, "refused" | "degraded">> {
  const passages = async (degraded: Degradation): Promise<Pick<Answer, "refused" | "degraded">> => {
    run.emit({ type: "degraded", data: { reason: degraded } });
    return { refused: !(await answerFromPassages(run, writer)), degraded };
  };
  if (failed) return passages("no-model");
  if (writer.text !== "") return { refused: false };
  if (!writer.refused || incomplete) return passages("unverified");
  writer.say(run.agent.refusal[run.language]);
  return { refused: true };
}
