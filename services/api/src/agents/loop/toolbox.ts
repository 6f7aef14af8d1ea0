import { Problem } from "@ai-platform/core/errors.ts";
import type { ToolCall, ToolSpec } from "@ai-platform/core/models/chat.ts";
import type { RunContext } from "../run-context.ts";
import { ToolError, type Tool } from "../tools/tool.ts";
import { CapReached, type Budget } from "./budget.ts";
import type { Spotlight } from "./spotlight.ts";

/** Reads that run side by side. */
const parallelReads = 4;

/** A call's answer as the model gets it. */
export interface ToolReply {
  readonly call: ToolCall;
  readonly content: string;
}

/** The tools of one run: the agent's, without those its caller has no right to. */
export interface Toolbox {
  readonly specs: readonly ToolSpec[];
  has(name: string): boolean;
  /**
   * Carries out the calls of one turn. Errors a model can mend become replies; missing rights, a cap and an abort
   * end the run.
   * @throws Problem, CapReached
   */
  run(calls: readonly ToolCall[], budget: Budget, signal: AbortSignal): Promise<ToolReply[]>;
}

function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    throw new ToolError("invalid-arguments", "the arguments are not JSON");
  }
}

/** Ends with the signal even where the tool does not heed it. */
function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function cut(text: string, maxBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= maxBytes ? text : `${new TextDecoder().decode(bytes.slice(0, maxBytes))}… (cut)`;
}

/** What a failed call becomes: a typed error for the model, or the end of the run. */
function toToolError(error: unknown, tool: string): ToolError {
  if (error instanceof ToolError) return error;
  if (error instanceof Problem) {
    if (error.code === "not-found" || error.code === "invalid-request")
      return new ToolError("not-found", error.message);
    throw error;
  }
  return new ToolError("failed", `${tool} failed; answer from what you have`);
}

export function createToolbox(run: RunContext, available: readonly Tool[], spotlight: Spotlight): Toolbox {
  const allowed = available.filter(
    ({ name, permission }) => run.agent.tools.includes(name) && run.caller.can(permission),
  );
  const find = (name: string) => {
    const tool = allowed.find((each) => each.name === name);
    if (tool) return tool;
    throw new ToolError(
      "unknown-tool",
      `there is no tool ${name}; there are: ${allowed.map((each) => each.name).join(", ")}`,
    );
  };

  async function carryOut(
    call: ToolCall,
    args: unknown,
    signal: AbortSignal,
  ): Promise<{ text: string; sources: readonly number[] }> {
    const tool = find(call.name);
    // Once more, whatever list the model was shown: rights are checked where the work is done.
    run.caller.require(tool.permission);
    const timeout = AbortSignal.timeout(tool.timeout);
    const bounded = AbortSignal.any([signal, timeout]);
    try {
      const { output, sources } = await within(tool.invoke(args, run, bounded), bounded);
      return { text: cut(JSON.stringify(output), tool.maxOutputBytes), sources };
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted) throw new ToolError("timeout", `${tool.name} took longer than ${tool.timeout} ms`);
      throw error;
    }
  }

  async function answer(call: ToolCall, budget: Budget, signal: AbortSignal): Promise<ToolReply> {
    const { id, name } = call;
    const finish = (content: string, sources: readonly number[], error?: ToolError) => {
      const outcome = { id, name, ok: !error, sources, ...(error ? { error: error.code } : {}) };
      run.emit({ type: "tool.result", data: outcome });
      return { call, content };
    };
    run.emit({ type: "tool.call", data: { id, name, arguments: call.arguments } });
    try {
      const args = parseArguments(call.arguments);
      budget.countToolCall(name, args);
      const { text, sources } = await carryOut(call, args, signal);
      return finish(spotlight.wrap(text), sources);
    } catch (error) {
      if (signal.aborted || error instanceof CapReached) throw error;
      const failed = toToolError(error, name);
      return finish(JSON.stringify({ error: { code: failed.code, message: failed.message } }), [], failed);
    }
  }

  /** Neighbouring reads together, at most {@link parallelReads}; everything else by itself. */
  function batches(calls: readonly ToolCall[]): ToolCall[][] {
    const isRead = (call: ToolCall) => allowed.find(({ name }) => name === call.name)?.effect === "read";
    const result: ToolCall[][] = [];
    for (const call of calls) {
      const last = result.at(-1);
      if (last && last.length < parallelReads && isRead(call) && last.every(isRead)) last.push(call);
      else result.push([call]);
    }
    return result;
  }

  return {
    specs: allowed.map(({ name, description, parameters }) => ({ name, description, parameters })),
    has: (name) => allowed.some((tool) => tool.name === name),
    async run(calls, budget, signal) {
      const replies: ToolReply[] = [];
      for (const batch of batches(calls)) {
        const ended = await Promise.allSettled(batch.map((call) => answer(call, budget, signal)));
        for (const each of ended) {
          if (each.status === "rejected") throw each.reason;
          replies.push(each.value);
        }
      }
      return replies;
    },
  };
}
