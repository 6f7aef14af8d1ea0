import type { Piece, Section } from "./sections.ts";
import { splitTable, splitText, tail } from "./split.ts";
import type { TokenCounter } from "./tokens.ts";

/** A chunk before its language and facts are added. */
export interface PackedChunk {
  readonly text: string;
  readonly headingPath: readonly string[];
  readonly article?: string;
  readonly pageFrom: number | null;
  readonly pageTo: number | null;
  readonly tokens: number;
}

/** Tokens per chunk, with its heading path. */
export const chunkTokens = 512;
/** Tokens a chunk repeats of the one before it under the same heading. */
export const overlapTokens = 51;
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

/** Packs sections into chunks of at most {@link chunkTokens}, tables excepted. */
export function packSections(sections: readonly Section[], count: TokenCounter): PackedChunk[] {
  return mergeSmall(sections, count).flatMap((section) => packSection(section, count));
}

/** Joins neighbours that are small and no articles; their headings move into the text below the common path. */
function mergeSmall(sections: readonly Section[], count: TokenCounter): Section[] {
  const merged: Section[] = [];
  let size = 0;
  for (const section of sections) {
    const sectionSize = section.pieces.reduce((sum, piece) => sum + count(piece.text), 0);
    const last = merged.at(-1);
    const room = sectionSize <= fragment ? smallSection + fragment : smallSection;
    const fits = size + sectionSize <= room && section.article === undefined && last?.article === undefined;
    const common = last && fits ? commonPath(last.headingPath, section.headingPath) : [];
    // Without a common heading two sections have nothing to do with each other but their order.
    if (last && fits && common.length > 0) {
      const pieces = [...lowered(last, common), ...lowered(section, common)];
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

function lowered(section: Section, common: readonly string[]): Piece[] {
  const own = section.headingPath.slice(common.length);
  const [first] = section.pieces;
  if (own.length === 0) return [...section.pieces];
  const page = first?.page === undefined ? {} : { page: first.page };
  // Marked as headings, so that nobody quotes one as if it were a sentence.
  const lines = own.map((heading, index) => `${"#".repeat(Math.min(common.length + index + 1, 6))} ${heading}`);
  return [{ text: lines.join("\n"), isTable: false, ...page }, ...section.pieces];
}

function packSection(section: Section, count: TokenCounter): PackedChunk[] {
  const pathTokens = Math.min(count(section.headingPath.join(" > ")), longestPath);
  const budget = chunkTokens - pathTokens;
  const parts = section.pieces.flatMap((piece) => toParts(piece, budget, count));
  const chunks: PackedChunk[] = [];
  let current: Part[] = [];
  let size = 0;
  const close = () => {
    if (current.length > 0) chunks.push(toChunk(section, current, count));
  };
  for (const part of parts) {
    if (size + part.tokens > budget && current.length > 0) {
      close();
      const last = current.at(-1);
      const repeated = last && !last.isTable && !part.isTable ? tail(last.text, overlapTokens, count) : undefined;
      const overlap =
        last && repeated && repeated.tokens + part.tokens <= budget ? { ...last, ...repeated } : undefined;
      current = overlap ? [overlap] : [];
      size = overlap?.tokens ?? 0;
    }
    current.push(part);
    size += part.tokens;
  }
  close();
  return chunks;
}

function toParts(piece: Piece, budget: number, count: TokenCounter): Part[] {
  const tokens = count(piece.text);
  if (piece.isTable && tokens <= tableTokens) return [{ ...piece, tokens }];
  if (tokens <= budget) return [{ ...piece, tokens }];
  const stretches = piece.isTable
    ? splitTable(piece.text, budget, count)
    : splitText(piece.text, budget - overlapTokens, count);
  return stretches.map((stretch) => ({ ...piece, ...stretch }));
}

function toChunk(section: Section, parts: readonly Part[], count: TokenCounter): PackedChunk {
  const text = parts.map((part) => part.text).join("\n\n");
  const pages = parts.flatMap((part) => part.page ?? []);
  return {
    text,
    headingPath: section.headingPath,
    ...(section.article === undefined ? {} : { article: section.article }),
    pageFrom: pages.length > 0 ? Math.min(...pages) : null,
    pageTo: pages.length > 0 ? Math.max(...pages) : null,
    tokens: count(text),
  };
}
