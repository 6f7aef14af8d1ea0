import OpenAI from "openai";
import type { ModelEndpoint, ModelRole } from "./model-client.ts";
import { createReasoningFilter } from "./reasoning.ts";

export type ChatMessage = OpenAI.Chat.ChatCompletionMessageParam;

/** A tool as the model is told of it; `parameters` is a JSON schema. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly parameters: Record<string, unknown>;
}

/** A call as the model wrote it: the arguments may be anything. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface ChatTurn {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** True when the reply was cut at the token limit. */
  readonly truncated: boolean;
  /** As reported by the server, else estimated. */
  readonly usage: TokenUsage;
}

export interface ChatRequest {
  readonly role: ModelRole;
  readonly messages: readonly ChatMessage[];
  /** Empty: the server is not told of tools at all, since many refuse the field. */
  readonly tools: readonly ToolSpec[];
  readonly maxTokens: number;
}

export interface ChatOptions {
  readonly signal: AbortSignal;
  /** Text as it comes, without the model's thinking. */
  readonly onText: (text: string) => void;
  /** Milliseconds without a byte after which the server counts as hung. @default 90000 */
  readonly idleTimeout?: number;
}

/** A model call that did not end well. `tools-unsupported` can be tried again without tools; `aborted` is ours. */
export class ModelFailure extends Error {
  override readonly name = "ModelFailure";
  readonly reason: "unreachable" | "refused" | "cut-off" | "hung" | "aborted" | "tools-unsupported";
  /** What was spent until then, estimated. */
  readonly usage: TokenUsage;

  constructor(reason: ModelFailure["reason"], message: string, usage: TokenUsage, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
    this.usage = usage;
  }
}

/** Tokens of a text where nobody counted them: French has about 3.5 characters to a token, Arabic fewer. */
export const estimateTokens = (text: string): number => Math.ceil(text.length / 3);

/** Tokens of a request, estimated. */
export const estimatePrompt = ({ messages, tools }: Pick<ChatRequest, "messages" | "tools">): number =>
  estimateTokens(JSON.stringify(messages) + (tools.length > 0 ? JSON.stringify(tools) : ""));

/** Tool calls come in pieces, by index; some servers give every call index 0 and tell them apart by id alone. */
function createToolCallCollector() {
  const calls: { index: number; id: string; name: string; arguments: string }[] = [];
  return {
    add({ index, id, function: part }: OpenAI.Chat.ChatCompletionChunk.Choice.Delta.ToolCall) {
      let call = calls.findLast((known) => known.index === index);
      if (!call || (id && call.id && call.id !== id)) calls.push((call = { index, id: "", name: "", arguments: "" }));
      call.id ||= id ?? "";
      call.name ||= part?.name ?? "";
      call.arguments += part?.arguments ?? "";
    },
    calls: (): ToolCall[] =>
      calls.map(({ id, name, arguments: given }, position) => ({
        id: id || `call_${position}`,
        name,
        arguments: given,
      })),
  };
}

function toFailure(error: unknown, request: ChatRequest, usage: TokenUsage, started: boolean): ModelFailure {
  if (error instanceof ModelFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof OpenAI.APIError) || error.status === undefined) {
    return started
      ? new ModelFailure("cut-off", "The model server broke off its reply.", usage, error)
      : new ModelFailure("unreachable", "The model server does not answer.", usage, error);
  }
  // Ollama: "does not support tools"; vLLM: "requires --enable-auto-tool-choice"; llama.cpp: "tools param requires --jinja".
  if (request.tools.length > 0 && /tool|jinja|function/i.test(message))
    return new ModelFailure("tools-unsupported", message, usage, error);
  return new ModelFailure("refused", `The model server refused the request: ${message}`, usage, error);
}

/**
 * One model call, streamed.
 * @throws ModelFailure
 */
export async function streamChat(
  endpoint: ModelEndpoint,
  request: ChatRequest,
  options: ChatOptions,
): Promise<ChatTurn> {
  const { signal, onText, idleTimeout = 90_000 } = options;
  const hung = new AbortController();
  const filter = createReasoningFilter();
  const collector = createToolCallCollector();
  let received = "";
  let text = "";
  let finish: string | null = null;
  let reported: TokenUsage | undefined;
  let started = false;
  const spent = (): TokenUsage =>
    reported ?? {
      promptTokens: estimatePrompt(request),
      completionTokens: estimateTokens(
        received +
          collector
            .calls()
            .map((call) => call.arguments)
            .join(""),
      ),
    };
  let idle: NodeJS.Timeout | undefined;
  const watch = () => {
    clearTimeout(idle);
    idle = setTimeout(() => hung.abort(), idleTimeout);
  };
  try {
    const stream = await endpoint.client.chat.completions.create(
      {
        model: endpoint.modelFor(request.role),
        messages: [...request.messages],
        ...(request.tools.length > 0
          ? { tools: request.tools.map((tool) => ({ type: "function" as const, function: { ...tool } })) }
          : {}),
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- local servers do not know max_completion_tokens
        max_tokens: request.maxTokens,
        temperature: 0,
        stream: true,
        stream_options: { include_usage: true },
      },
      { signal: AbortSignal.any([signal, hung.signal]) },
    );
    started = true;
    watch();
    for await (const chunk of stream) {
      watch();
      if (chunk.usage)
        reported = { promptTokens: chunk.usage.prompt_tokens, completionTokens: chunk.usage.completion_tokens };
      const choice = chunk.choices[0];
      if (!choice) continue;
      finish = choice.finish_reason ?? finish;
      choice.delta.tool_calls?.forEach((part) => {
        collector.add(part);
      });
      const piece = choice.delta.content ?? "";
      received += piece;
      const shown = filter(piece);
      if (shown === "") continue;
      text += shown;
      onText(shown);
    }
    // An aborted stream ends like a finished one.
    signal.throwIfAborted();
    hung.signal.throwIfAborted();
    if (finish === null) throw new ModelFailure("cut-off", "The model server broke off its reply.", spent());
    return { text, toolCalls: collector.calls(), truncated: finish === "length", usage: spent() };
  } catch (error) {
    const used = started ? spent() : { promptTokens: 0, completionTokens: 0 };
    if (signal.aborted) throw new ModelFailure("aborted", "The model call was given up.", used, signal.reason);
    if (hung.signal.aborted) throw new ModelFailure("hung", "The model server fell silent in its reply.", used, error);
    throw toFailure(error, request, used, started);
  } finally {
    clearTimeout(idle);
  }
}
