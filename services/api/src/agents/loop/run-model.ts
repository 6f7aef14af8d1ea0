import type { Db } from "@ai-platform/core/db/database.ts";
import { requireBudget } from "@ai-platform/core/gateway/authorizer.ts";
import { limitsOf } from "@ai-platform/core/gateway/limits.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
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
 * Runs the model within its caps and books every call in the ledger, where the model gateway does not book it.
 * @throws Problem where rights are missing or a budget is spent; the signal's reason where the caller has gone
 */
export async function runModel(
  { models, db, logger }: { readonly models: ModelSource; readonly db: Db; readonly logger: Logger },
  run: RunContext,
  { writer, limits, conversation }: ModelRun,
): Promise<ModelOutcome> {
  const { caller } = run;
  const apiKeyId = apiKeyOf(caller);
  const found = models.current();
  if (!found) return { failed: true, incomplete: undefined, usage: noUsage };
  await requireBudgets(db, caller);
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
      server: found,
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
          ...(apiKeyId === undefined ? {} : { apiKeyId }),
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

const apiKeyOf = ({ credential }: VerifiedCaller) => (credential.kind === "api-key" ? credential.keyId : undefined);

/** A run costs money before it is known how much: with a spent budget it does not start. */
async function requireBudgets(db: Db, caller: VerifiedCaller): Promise<void> {
  const { tenant, department, subject: user } = caller;
  for (const limit of await limitsOf(db, { tenant, department, user, key: apiKeyOf(caller) })) requireBudget(limit);
}

const noUsage: RunUsage = { model: null, promptTokens: 0, completionTokens: 0, cost: 0, modelCalls: 0, toolCalls: 0 };
