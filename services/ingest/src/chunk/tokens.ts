import { countTokens as countO200k } from "gpt-tokenizer/encoding/o200k_base";

export type TokenCounter = (text: string) => number;

const encoding = { disallowedSpecial: new Set<string>() };

/**
 * Tokens of a text, by OpenAI's o200k: the approximation that needs no model server. For BGE-M3 the truth is TEI's
 * `/tokenize`; its XLM-R vocabulary gives about as many tokens for French and English, and fewer for Arabic, so
 * a chunk of 512 here stays far below the 8,192 the model takes.
 */
export function countTokens(text: string): number {
  return countO200k(text, encoding);
}

/** Counts each text once: cutting asks for the same paragraphs and sentences again and again. Made for one document. */
export function createTokenCounter(): TokenCounter {
  const counts = new Map<string, number>();
  return (text) => {
    const known = counts.get(text);
    if (known !== undefined) return known;
    const tokens = countTokens(text);
    counts.set(text, tokens);
    return tokens;
  };
}
