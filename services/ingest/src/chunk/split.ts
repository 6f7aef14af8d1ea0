import type { TokenCounter } from "./tokens.ts";

/** A stretch of a text and its tokens: those of its parts added up, which is never too few. */
export interface Counted {
  readonly text: string;
  readonly tokens: number;
}

/** Tokens of a text, sentence by sentence, for those are asked for again where it is cut. Never too few. */
export function countSentences(text: string, count: TokenCounter): number {
  return splitSentences(text).reduce((sum, sentence) => sum + count(sentence), 0);
}

/** Cuts a long paragraph between sentences, and a sentence longer than the budget between words. */
export function splitText(text: string, budget: number, count: TokenCounter): Counted[] {
  const sentences = splitSentences(text).flatMap((sentence) =>
    count(sentence) <= budget ? [sentence] : splitWords(sentence, budget, count).map((part) => part.text),
  );
  return fill(sentences, budget, count, "");
}

/** Cuts a large table between rows and repeats its first row, so that each part says what its columns are. */
export function splitTable(text: string, budget: number, count: TokenCounter): Counted[] {
  const [header = "", ...rows] = text.split("\n");
  const headerTokens = count(header);
  if (headerTokens * 2 > budget) return splitText(text, budget, count);
  const room = budget - headerTokens;
  const fitting = rows.flatMap((row) =>
    count(row) <= room ? [row] : splitWords(row, room, count).map((part) => part.text),
  );
  return fill(fitting, room, count, "\n").map((part) => ({
    text: `${header}\n${part.text}`,
    tokens: headerTokens + part.tokens,
  }));
}

/** The last sentences of a text within so many tokens, or its last words where the last sentence is longer. */
export function tail(text: string, budget: number, count: TokenCounter): Counted | undefined {
  let kept = "";
  let tokens = 0;
  for (const sentence of splitSentences(text).reverse()) {
    const more = tokens + count(sentence);
    if (more > budget) break;
    kept = sentence + kept;
    tokens = more;
  }
  if (kept.trim() !== "") return { text: kept.trim(), tokens };
  const words = text.trim().split(/\s+/);
  let taken = Math.min(words.length, budget);
  while (taken > 1 && count(words.slice(-taken).join(" ")) > budget) taken = Math.ceil(taken / 2);
  const last = { text: words.slice(-taken).join(" "), tokens: count(words.slice(-taken).join(" ")) };
  return taken < words.length && last.tokens <= budget ? last : undefined;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "sentence" });

function splitSentences(text: string): string[] {
  return Array.from(segmenter.segment(text), (segment) => segment.segment);
}

function splitWords(text: string, budget: number, count: TokenCounter): Counted[] {
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

/** Joins parts in order, each result within the budget. */
function fill(parts: readonly string[], budget: number, count: TokenCounter, joiner: string): Counted[] {
  const filled: Counted[] = [];
  let current: string[] = [];
  let size = 0;
  const close = () => {
    const text = current.join(joiner).trim();
    if (text !== "") filled.push({ text, tokens: size });
    current = [];
    size = 0;
  };
  for (const part of parts) {
    const tokens = count(part) + (joiner === "" ? 0 : 1);
    if (size + tokens > budget) close();
    current.push(part);
    size += tokens;
  }
  close();
  return filled;
}
