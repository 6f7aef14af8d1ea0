import type { ProblemDocument } from "@ai-platform/core/errors.ts";
import type { AgentName, Answer, AnswerLanguage, Citation, Degradation, Incomplete, RunUsage } from "./agent.ts";

/** What a run tells while it goes on. `done` is last and carries the whole answer; after `error` nothing follows. */
export type RunEvent =
  | {
      readonly type: "run.started";
      readonly data: { readonly runId: string; readonly agent: AgentName; readonly language: AnswerLanguage };
    }
  /** A piece of the answer. It was verified before it was sent; the pieces joined are the answer. */
  | { readonly type: "delta"; readonly data: { readonly text: string } }
  /** `arguments` as the model wrote them. */
  | {
      readonly type: "tool.call";
      readonly data: { readonly id: string; readonly name: string; readonly arguments: string };
    }
  | { readonly type: "tool.result"; readonly data: ToolOutcome }
  /** Sent before the first delta that cites it. */
  | { readonly type: "citation"; readonly data: Citation }
  | { readonly type: "degraded"; readonly data: { readonly reason: Degradation } }
  | { readonly type: "incomplete"; readonly data: Incomplete }
  | { readonly type: "usage"; readonly data: RunUsage }
  | { readonly type: "error"; readonly data: ProblemDocument }
  | { readonly type: "done"; readonly data: Answer };

/** How a tool call ended: without its content, which the answer cites where it uses it. */
export interface ToolOutcome {
  readonly id: string;
  readonly name: string;
  readonly ok: boolean;
  /** Numbers of the passages it brought. */
  readonly sources: readonly number[];
  /** Code of a typed tool error. */
  readonly error?: string;
}

export type Emit = (event: RunEvent) => void;
