import {
  estimatePrompt,
  ModelFailure,
  streamChat,
  type ChatMessage,
  type ChatTurn,
  type TokenUsage,
} from "@ai-platform/core/models/chat.ts";
import type { ModelEndpoint } from "@ai-platform/core/models/model-client.ts";
import type { AskRequest } from "../agent.ts";
import type { AnswerWriter } from "../answer-writer.ts";
import type { RunContext } from "../run-context.ts";
import { searchKnowledgeBase } from "../tools/search-knowledge-base.ts";
import { tools } from "../tools/index.ts";
import { CapReached, type Budget } from "./budget.ts";
import { history, systemPrompt } from "./prompt.ts";
import { createSpotlight } from "./spotlight.ts";
import { createToolbox } from "./toolbox.ts";

/** Servers that have refused tools once; they are not asked again. */
const withoutTools = new WeakSet<ModelEndpoint>();

export interface LoopOptions {
  /** The server as this caller uses it. */
  readonly endpoint: ModelEndpoint;
  /** The server as it was found: the same for every caller. */
  readonly server: ModelEndpoint;
  readonly budget: Budget;
  readonly writer: AnswerWriter;
  readonly conversation: AskRequest["conversation"];
  /** The run's, with its wall time. */
  readonly signal: AbortSignal;
  /** Called after every model call, failed ones too. */
  readonly onCall: (usage: TokenUsage, outcome: "success" | "failure") => Promise<void>;
}

/**
 * Lets a model answer: it calls tools until it has what it needs, and what it writes goes through the writer.
 * A model that cannot call tools, or answers without having looked, gets one search up front instead.
 * @throws CapReached, ModelFailure, Problem, or the signal's reason
 */
export async function runModelLoop(run: RunContext, options: LoopOptions): Promise<void> {
  const { endpoint, budget, writer, signal } = options;
  const spotlight = createSpotlight();
  const toolbox = createToolbox(run, tools, spotlight);
  let withTools = toolbox.specs.length > 0 && !withoutTools.has(options.server);
  let messages = withTools ? opening(true, run.question) : await searchedUpFront();

  function opening(toolsOffered: boolean, question: string): ChatMessage[] {
    return [
      { role: "system", content: systemPrompt(run, spotlight, toolsOffered) },
      ...history(options.conversation),
      { role: "user", content: question },
    ];
  }

  async function searchedUpFront(): Promise<ChatMessage[]> {
    withTools = false;
    if (!toolbox.has(searchKnowledgeBase.name)) return opening(false, run.question);
    const call = { id: "search", name: searchKnowledgeBase.name, arguments: JSON.stringify({ query: run.searchText }) };
    const [reply] = await toolbox.run([call], budget, signal);
    return opening(false, `${reply?.content ?? ""}\n\n${run.question}`);
  }

  async function callModel(): Promise<ChatTurn | "tools-unsupported"> {
    const request = { role: run.agent.modelRole, messages, tools: withTools ? toolbox.specs : [] };
    const maxTokens = budget.reserve(estimatePrompt(request));
    try {
      const turn = await streamChat(
        endpoint,
        { ...request, maxTokens },
        { signal, onText: (text) => writer.write(text) },
      );
      await options.onCall(turn.usage, "success");
      if (turn.truncated) throw new CapReached("completion-tokens", maxTokens);
      writer.flush();
      return turn;
    } catch (error) {
      writer.discard();
      if (!(error instanceof ModelFailure)) throw error;
      await options.onCall(error.usage, "failure");
      signal.throwIfAborted();
      if (error.reason === "tools-unsupported") return error.reason;
      throw error;
    }
  }

  for (;;) {
    const turn = await callModel();
    if (turn === "tools-unsupported") {
      withoutTools.add(options.server);
      messages = await searchedUpFront();
    } else if (turn.toolCalls.length > 0 && withTools) {
      const replies = await toolbox.run(turn.toolCalls, budget, signal);
      messages = [
        ...messages,
        toAssistantMessage(turn),
        ...replies.map(({ call, content }) => toToolMessage(call.id, content)),
      ];
    } else if (withTools && run.sources.all().length === 0 && run.rights === null) {
      messages = await searchedUpFront();
    } else {
      return;
    }
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function toAssistantMessage({ text, toolCalls }: ChatTurn): ChatMessage {
  return {
    role: "assistant",
    content: text === "" ? null : text,
    tool_calls: toolCalls.map((call) => ({
      id: call.id,
      type: "function",
      // Servers parse these again for their prompt template and fail on what is not JSON.
      function: { name: call.name, arguments: isJson(call.arguments) ? call.arguments : "{}" },
    })),
  };
}

const toToolMessage = (id: string, content: string): ChatMessage => ({ role: "tool", tool_call_id: id, content });
