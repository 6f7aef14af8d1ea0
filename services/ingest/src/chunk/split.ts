import type { TokenCounter } from "./pack.ts";

/** Cuts a long paragraph between sentences, and a sentence longer than the budget between words. */
export function splitText(text: string, budget: number, count: TokenCounter): string[] {
  const sentences = splitSentences(text).flatMap((sentence) =>
    count(sentence) <= budget ? [sentence] : splitWords(sentence, budget, count),
  );
  return fill(sentences, budget, count, "");
}

/** Cuts a large table between rows and repeats its first row, so that each part says what its columns are. */
export function splitTable(text: string, budget: number, count: TokenCounter): string[] {
  const [header = "", ...rows] = text.split("\n");
  const headerTokens = count(header);
  if (headerTokens * 2 > budget) return splitText(text, budget, count);
  const room = budget - headerTokens;
  const fitting = rows.flatMap((row) => (count(row) <= room ? [row] : splitWords(row, room, count)));
  return fill(fitting, room, count, "\n").map((part) => `${header}\n${part}`);
}

/** The last sentences of a text within so many tokens, or its last words where the last sentence is longer. */
export function tail(text: string, budget: number, count: TokenCounter): string {
  let kept = "";
  for (const sentence of splitSentences(text).reverse()) {
    const longer = sentence + kept;
    if (count(longer) > budget) break;
    kept = longer;
  }
  if (kept.trim() !== "") return kept.trim();
  const words = text.trim().split(/\s+/);
  let taken = Math.min(words.length, budget);
  while (taken > 1 && count(words.slice(-taken).join(" ")) > budget) taken = Math.ceil(taken / 2);
  const last = words.slice(-taken).join(" ");
  return taken < words.length && count(last) <= budget ? last : "";
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "sentence" });

function splitSentences(text: string): string[] {
  return Array.from(segmenter.segment(text), (segment) => segment.segment);
}

function splitWords(text: string, budget: number, count: TokenCounter): string[] {
  const words = text
    .split(/(?<=\s)/)
    .flatMap((word) => (count(word) <= budget ? [word] : splitCharacters(word, budget)));
  return fill(words, budget, count, "");
}

/** A word of more tokens than a chunk holds is no word; a character is at most a few tokens. */
function splitCharacters(word: string, budget: number): string[] {
  const characters = Array.from(word);
  const size = Math.max(1, Math.floor(budget / 4));
  return Array.from({ length: Math.ceil(characters.length / size) }, (_, index) =>
    characters.slice(index * size, (index + 1) * size).join(""),
  );
}

/** Joins parts in order, each result within the budget. Tokens of the parts are added up, which is never too few. */
function fill(parts: readonly string[], budget: number, count: TokenCounter, joiner: string): string[] {
  const filled: string[] = [];
  let current: string[] = [];
  let size = 0;
  for (const part of parts) {
    const tokens = count(part) + (joiner === "" ? 0 : 1);
    if (size + tokens > budget && current.length > 0) {
      filled.push(current.join(joiner).trim());
      current = [];
      size = 0;
    }
    current.push(part);
    size += tokens;
  }
  filled.push(current.join(joiner).trim());
  return filled.filter((text) => text !== "");
}
