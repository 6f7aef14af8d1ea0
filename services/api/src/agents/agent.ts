import { z } from "zod";
import type { ModelRole } from "@ai-platform/core/models/model-client.ts";

export const answerLanguages = ["fr", "ar", "en"] as const;
export type AnswerLanguage = (typeof answerLanguages)[number];

export const agentNames = ["legal", "hr", "it"] as const;
export type AgentName = (typeof agentNames)[number];

/** A sentence in every language an agent answers in. */
export type Wording = Readonly<Record<AnswerLanguage, string>>;

/** An agent is data: what it is for, what it may use, and how it speaks. */
export interface AgentDefinition {
  readonly name: AgentName;
  readonly title: Wording;
  readonly description: Wording;
  /** Collections its tools search; nothing outside them can enter an answer. */
  readonly collections: readonly string[];
  /** Names of tools it may call; see `tools/index.ts`. */
  readonly tools: readonly string[];
  readonly modelRole: ModelRole;
  /** Its part of the system prompt; the rules on sources are the same for every agent. */
  readonly prompt: Wording;
  /** Said when nothing was found that the caller may read: the same for "none" and "not allowed". */
  readonly refusal: Wording;
  /** `legal` cites laws by article, states the version of the texts and that an answer is no legal advice. */
  readonly citationStyle: "document" | "legal";
}

/** Most characters of a question and of each earlier turn. */
export const maxQuestionLength = 4_000;

export const askRequestSchema = z.strictObject({
  question: z.string().trim().min(1).max(maxQuestionLength),
  /** Earlier turns, oldest first; only the last 10 are used. @default none */
  conversation: z
    .array(z.strictObject({ role: z.enum(["user", "assistant"]), content: z.string().max(maxQuestionLength) }))
    .max(50)
    .optional(),
  /** @default that of the question */
  language: z.enum(answerLanguages).optional(),
});
export type AskRequest = z.infer<typeof askRequestSchema>;

export const citationSchema = z.object({
  /** Number used in the answer: `[1]`. */
  id: z.int(),
  documentId: z.string(),
  chunkId: z.string(),
  title: z.string(),
  source: z.string(),
  page: z.int().nullable(),
  /** Headings above the passage, outermost first, joined by ` › `. */
  heading: z.string(),
  language: z.string(),
  /** Words of the source that carry the answer. */
  quote: z.string(),
  /** Legal form, for texts of law. */
  citation: z.string().optional(),
});
export type Citation = z.infer<typeof citationSchema>;

/** Why a run ended before the model had finished. */
export const incompleteReasons = [
  "steps",
  "wall-time",
  "tool-calls",
  "identical-calls",
  "prompt-tokens",
  "completion-tokens",
  "cost",
] as const;
export const incompleteSchema = z.object({
  reason: z.enum(incompleteReasons),
  /** The cap that was hit: a count, milliseconds, tokens or US dollars. */
  limit: z.number(),
});
export type Incomplete = z.infer<typeof incompleteSchema>;

export const usageSchema = z.object({
  /** Model that answered; `null` where none did. */
  model: z.string().nullable(),
  promptTokens: z.int(),
  completionTokens: z.int(),
  /** US dollars. */
  cost: z.number(),
  modelCalls: z.int(),
  toolCalls: z.int(),
});
export type RunUsage = z.infer<typeof usageSchema>;

/**
 * Why the answer is made of quoted passages: `no-model` where none is reachable or it failed, `unverified` where
 * nothing the model wrote stood up to the sources.
 */
export const degradations = ["no-model", "unverified"] as const;
export type Degradation = (typeof degradations)[number];

export const answerSchema = z.object({
  runId: z.string(),
  agent: z.enum(agentNames),
  language: z.enum(answerLanguages),
  answer: z.string(),
  /** True when the answer says that nothing was found. */
  refused: z.boolean(),
  citations: z.array(citationSchema),
  usage: usageSchema,
  degraded: z.enum(degradations).optional(),
  incomplete: incompleteSchema.optional(),
  /** Sentences of the model that the sources did not bear out and that were left out. */
  removedSentences: z.int(),
  /** Rights the answer was computed with. */
  rights: z.object({ principalsHash: z.string(), filterHash: z.string(), dropped: z.int() }).nullable(),
  disclaimer: z.string().optional(),
});
export type Answer = z.infer<typeof answerSchema>;
