import { canonicalJson } from "@ai-platform/core/audit.ts";
import type { TokenUsage } from "@ai-platform/core/models/chat.ts";
import type { ModelEndpoint } from "@ai-platform/core/models/model-client.ts";
import type { Incomplete } from "../agent.ts";
import type { RunLimits } from "./limits.ts";

/** Thrown when a cap is reached. */
export class CapReached extends Error {
  override readonly name = "CapReached";
  readonly incomplete: Incomplete;

  constructor(reason: Incomplete["reason"], limit: number) {
    super(`the run reached its cap of ${limit} (${reason})`);
    this.incomplete = { reason, limit };
  }
}

/** What one run has spent, against its caps. */
export interface Budget {
  /**
   * Makes room for one model call.
   * @param promptTokens estimate for the call
   * @returns completion tokens the call may use
   * @throws CapReached
   */
  reserve(promptTokens: number): number;
  /** Books what a call really used. Returns its cost in US dollars. */
  settle(usage: TokenUsage): number;
  /** @throws CapReached */
  countToolCall(name: string, args: unknown): void;
  readonly spent: {
    readonly modelCalls: number;
    readonly toolCalls: number;
    readonly promptTokens: number;
    readonly completionTokens: number;
    readonly cost: number;
  };
}

/** @param price US dollars per token */
export function createBudget(limits: RunLimits, price: ModelEndpoint["price"]): Budget {
  const spent = { modelCalls: 0, toolCalls: 0, promptTokens: 0, completionTokens: 0, cost: 0 };
  const seen = new Map<string, number>();
  const costOf = ({ promptTokens, completionTokens }: TokenUsage) =>
    promptTokens * price.prompt + completionTokens * price.completion;
  return {
    reserve(promptTokens) {
      if (spent.modelCalls >= limits.steps) throw new CapReached("steps", limits.steps);
      if (spent.promptTokens + promptTokens > limits.promptTokens)
        throw new CapReached("prompt-tokens", limits.promptTokens);
      const left = Math.min(limits.completionTokensPerCall, limits.completionTokens - spent.completionTokens);
      if (left <= 0) throw new CapReached("completion-tokens", limits.completionTokens);
      if (spent.cost + costOf({ promptTokens, completionTokens: left }) > limits.cost)
        throw new CapReached("cost", limits.cost);
      spent.modelCalls += 1;
      return left;
    },
    settle(usage) {
      spent.promptTokens += usage.promptTokens;
      spent.completionTokens += usage.completionTokens;
      const cost = costOf(usage);
      spent.cost += cost;
      return cost;
    },
    countToolCall(name, args) {
      if (spent.toolCalls >= limits.toolCalls) throw new CapReached("tool-calls", limits.toolCalls);
      const key = `${name} ${canonicalJson(args)}`;
      const times = (seen.get(key) ?? 0) + 1;
      if (times > limits.identicalCalls) throw new CapReached("identical-calls", limits.identicalCalls);
      seen.set(key, times);
      spent.toolCalls += 1;
    },
    spent,
  };
}
