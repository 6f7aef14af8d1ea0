import type { Db } from "@ai-platform/core/db/database.ts";
import type { Logger } from "@ai-platform/core/logger.ts";
import { ModelFailure } from "@ai-platform/core/models/chat.ts";
import type { ModelSource } from "@ai-platform/core/models/model-client.ts";
import { recordUsage } from "@ai-platform/core/usage.ts";
import type { AskRequest, Incomplete, RunUsage } from "../agent.ts";
import type { AnswerWriter } from "../answer-writer.ts";
import type { RunContext } from "../run-context.ts";
import { CapReached, createBudget } from "./budget.ts";
import type { RunLimits } from "./limits.ts";
import { runModelLoop } from "./model-loop.ts";

export interface ModelOutcome {
  /** No model is reachable, or it failed on the way. */
  readonly failed: boolean;
  /** The cap that ended the run. */
  readonly incomplete: Incomplete | undefined;
  readonly usage: RunUsage;
}

interface ModelRun {
  readonly writer: AnswerWriter;
  readonly limits: RunLimits;
  readonly conversation: AskRequest["conversation"];
}

/**
 * Runs the model within its caps and books every call in the ledger.
 * @throws Problem where rights are missing; the signal's reason where the caller has gone
 */
export async function runModel(
  { models, db, logger }: { readonly models: ModelSource; readonly db: Db; readonly logger: Logger },
  run: RunContext,
  { writer, limits, conversation }: ModelRun,
): Promise<ModelOutcome> {
  const { caller } = run;
  const found = models.current();
  if (!found) return { failed: true, incomplete: undefined, usage: noUsage };
  const endpoint = found.onBehalfOf?.(caller, run.agent.name) ?? found;
  const model = endpoint.modelFor(run.agent.modelRole);
  const budget = createBudget(limits, endpoint.price);
  const wall = AbortSignal.timeout(limits.wallTime);
  const outcome = (failed: boolean, incomplete?: Incomplete): ModelOutcome => ({
    failed,
    incomplete,
    usage: { model, ...budget.spent },
  });
  try {
    await runModelLoop(run, {
      endpoint,
      budget,
      writer,
      conversation,
      signal: AbortSignal.any([run.signal, wall]),
      onCall: async (usage, ended) => {
        const cost = budget.settle(usage);
        // A gateway that knows the caller reports the call to the ledger itself.
        if (found.onBehalfOf) return;
        await recordUsage(db, {
          requestId: `${run.runId}:${budget.spent.modelCalls}`,
          tenant: caller.tenant,
          userId: caller.subject,
          department: caller.department,
          ...(caller.credential.kind === "api-key" ? { apiKeyId: caller.credential.keyId } : {}),
          agent: run.agent.name,
          model,
          ...usage,
          cost,
          outcome: ended,
        });
      },
    });
    return outcome(false);
  } catch (error) {
    if (error instanceof CapReached) return outcome(false, error.incomplete);
    if (error instanceof ModelFailure) {
      logger.warn(
        { err: error, reason: error.reason, runId: run.runId, endpoint: endpoint.description },
        "model call failed",
      );
      return outcome(true);
    }
    run.signal.throwIfAborted();
    if (wall.aborted) return outcome(false, { reason: "wall-time", limit: limits.wallTime });
    throw error;
  }
}

const noUsage: RunUsage = { model: null, promptTokens: 0, completionTokens: 0, cost: 0, modelCalls: 0, toolCalls: 0 };
