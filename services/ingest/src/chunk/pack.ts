import type { Piece, Section } from "./sections.ts";
import { countSentences, splitTable, splitText, tail } from "./split.ts";
import type { TokenCounter } from "./tokens.ts";

/** A chunk before its language and facts are added. */
export interface PackedChunk {
  readonly text: string;
  readonly headingPath: readonly string[];
  readonly article?: string;
  readonly pageFrom: number | null;
  readonly pageTo: number | null;
  /** Those of its sentences added up: a few more than its text has, never fewer. */
  readonly tokens: number;
}

/** Tokens per chunk, with its heading path. */
export const chunkTokens = 512;
/** Tokens a chunk repeats of the one before it under the same heading. */
export const overlapTokens = 51;
/** Tokens of the blank line between two parts of a chunk. */
const joinTokens = 1;
/** Headings may take this much of the budget and no more. */
const longestPath = 128;
/** A table is kept whole up to this many tokens; a larger one is cut between rows, with its header repeated. */
const tableTokens = 2_048;
/** Sections smaller than this are packed with their neighbours: fragments are found worse than paragraphs. */
const smallSection = 256;
/** A section this small joins even a neighbour that is full. */
const fragment = 64;

interface Part extends Piece {
  readonly tokens: number;
}

interface CountedSection extends Section {
  readonly pieces: readonly Part[];
}

/** Packs sections into chunks of at most {@link chunkTokens}, tables excepted. */
export function packSections(sections: readonly Section[], count: TokenCounter): PackedChunk[] {
  const counted = sections.map((section) => ({
    ...section,
    pieces: section.pieces.map((piece) => ({ ...piece, tokens: countSentences(piece.text, count) })),
  }));
  return mergeSmall(counted, count).flatMap((section) => packSection(section, count));
}

/** Joins neighbours that are small and no articles; their headings move into the text below the common path. */
function mergeSmall(sections: readonly CountedSection[], count: TokenCounter): CountedSection[] {
  const merged: CountedSection[] = [];
  let size = 0;
  for (const section of sections) {
    const sectionSize = section.pieces.reduce((sum, piece) => sum + piece.tokens, 0);
    const last = merged.at(-1);
    const room = sectionSize <= fragment ? smallSection + fragment : smallSection;
    const fits = size + sectionSize <= room && section.article === undefined && last?.article === undefined;
    const common = last && fits ? commonPath(last.headingPath, section.headingPath) : [];
    // Without a common heading two sections have nothing to do with each other but their order.
    if (last && fits && common.length > 0) {
      const pieces = [...lowered(last, common, count), ...lowered(section, common, count)];
      merged[merged.length - 1] = { headingPath: common, pieces };
      size += sectionSize;
    } else {
      merged.push(section);
      size = sectionSize;
    }
  }
  return merged;
}

function commonPath(one: readonly string[], other: readonly string[]): readonly string[] {
  const differs = one.findIndex((heading, index) => heading !== other[index]);
  return differs < 0 ? one : one.slice(0, differs);
}

function lowered(section: CountedSection, common: readonly string[], count: TokenCounter): Part[] {
  const own = section.headingPath.slice(common.length);
  const [first] = section.pieces;
  if (own.length === 0) return [...section.pieces];
  const page = first?.page === undefined ? {} : { page: first.page };
  // Marked as headings, so that nobody quotes one as if it were a sentence.
  const lines = own.map((heading, index) => `${"#".repeat(Math.min(common.length + index + 1, 6))} ${heading}`);
  const text = lines.join("\n");
  return [{ text, isTable: false, tokens: count(text), ...page }, ...section.pieces];
}

function packSection(section: CountedSection, count: TokenCounter): PackedChunk[] {
  const pathTokens = Math.min(count(section.headingPath.join(" > ")), longestPath);
  const budget = chunkTokens - pathTokens;
  const parts = section.pieces.flatMap((piece) => toParts(piece, budget, count));
  const chunks: PackedChunk[] = [];
  let current: Part[] = [];
  let size = 0;
  const close = () => {
    if (current.length > 0) chunks.push(toChunk(section, current, size));
  };
  for (const part of parts) {
    if (current.length > 0 && size + joinTokens + part.tokens > budget) {
      close();
      const last = current.at(-1);
      const repeated = last && !last.isTable && !part.isTable ? tail(last.text, overlapTokens, count) : undefined;
      const fits = repeated && repeated.tokens + joinTokens + part.tokens <= budget;
      current = last && fits ? [{ ...last, ...repeated }] : [];
      size = fits ? repeated.tokens : 0;
    }
    size += part.tokens + (current.length > 0 ? joinTokens : 0);
    current.push(part);
  }
  close();
  return chunks;
}

function toParts(piece: Part, budget: number, count: TokenCounter): Part[] {
  if (piece.tokens <= (piece.isTable ? tableTokens : budget)) return [piece];
  const stretches = piece.isTable
    ? splitTable(piece.text, budget, count)
    : splitText(piece.text, budget - overlapTokens - joinTokens, count);
  return stretches.map((stretch) => ({ ...piece, ...stretch }));
}

function toChunk(section: Section, parts: readonly Part[], tokens: number): PackedChunk {
  const text = parts.map((part) => part.text).join("\n\n");
  const pages = parts.flatMap((part) => part.page ?? []);
  return {
    text,
    headingPath: section.headingPath,
    ...(section.article === undefined ? {} : { article: section.article }),
    pageFrom: pages.length > 0 ? Math.min(...pages) : null,
    pageTo: pages.length > 0 ? Math.max(...pages) : null,
    tokens,
  };
}
