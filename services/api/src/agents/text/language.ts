import { detectLanguage } from "@ai-platform/core/vector/language.ts";
import type { AnswerLanguage } from "../agent.ts";

/** Language to answer a question in: its own, or French where nothing tells. */
export function answerLanguage(question: string): AnswerLanguage {
  const detected = detectLanguage(question);
  return detected === "simple" ? "fr" : detected;
}
