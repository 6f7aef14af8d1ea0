import type { AnswerLanguage } from "./agent.ts";
import type { Source } from "./sources.ts";
import { splitSentences } from "./text/sentences.ts";
import { contentStems } from "./text/words.ts";

/** Something a source says: as it stands there, and as it is shown out of its place. */
export interface Extract {
  readonly source: Source;
  /** Verbatim. */
  readonly quote: string;
  /** Without list marks; table rows with their column names. */
  readonly shown: string;
}

const maxExtracts = 5;
const maxExtractsPerSource = 3;
const maxQuoteLength = 700;
/** Share of the question's words that a passage with its title and headings must hold to be an answer. */
const enoughOfQuestion = 0.3;

const cells = (row: string) =>
  row
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => cell.trim());

function tableRows(lines: readonly string[]): { quote: string; shown: string }[] {
  const [header, ...rows] = lines.map((line) => line.trim()).filter((line) => !/^\|[\s:|-]+\|$/.test(line));
  if (header === undefined) return [];
  const names = cells(header);
  return rows.map((row) => ({
    quote: row,
    shown: cells(row)
      .map((cell, column) => (names[column] ? `${names[column]} : ${cell}` : cell))
      .join(" · "),
  }));
}

/** A passage in units that can stand alone: sentences, list items, table rows. Headings are not units. */
export function units(text: string): { quote: string; shown: string }[] {
  const blocks = text.split(/\n\s*\n|\n(?=\s*(?:[-*•]|\d{1,2}[.)])\s)|\n(?=#)|(?<=^#[^\n]*)\n/m);
  return blocks.flatMap((block) => {
    const trimmed = block.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    if (trimmed.startsWith("|")) return tableRows(trimmed.split("\n"));
    // Lines of running text are wrapped, not ended, by their line breaks.
    return splitSentences(trimmed.replace(/\s*\n\s*/g, " ")).map((sentence) => ({
      quote: sentence.trim(),
      shown: sentence.trim().replace(/^(?:[-*•]|\d{1,2}[.)])\s+/, ""),
    }));
  });
}

const overlap = (wanted: ReadonlySet<string>, text: string) =>
  [...contentStems(text)].filter((stem) => wanted.has(stem));

/** The unit of a passage that has most in common with a text; the first where none has anything. */
export function bestQuote(source: Source, text: string): string {
  const wanted = contentStems(text);
  const [best] = units(source.passage.text)
    .map((unit, order) => ({ unit, order, score: overlap(wanted, unit.quote).length }))
    .sort((a, b) => b.score - a.score || a.order - b.order);
  return (best?.unit.quote ?? source.passage.text).slice(0, maxQuoteLength);
}

/**
 * What the sources say about a question, without a model: the sentences that share most of its rare words, in the
 * order of their sources. Empty where no source has enough in common with the question.
 * @param sources best first
 */
export function extract(question: string, language: AnswerLanguage, sources: readonly Source[]): Extract[] {
  const wanted = contentStems(question);
  const candidates = sources.flatMap((source, rank) => {
    const { passage } = source;
    const context = overlap(wanted, [passage.title, ...passage.headingPath].join(" "));
    const matched = new Set([...context, ...overlap(wanted, passage.text)]);
    // Across languages nothing overlaps; there the search by meaning is all there is to go by.
    const foreign = passage.language !== language && passage.language !== "simple";
    if (!foreign && matched.size < Math.max(1, enoughOfQuestion * wanted.size)) return [];
    return units(passage.text).map((unit, order) => ({ source, unit, order, rank, foreign, coverage: matched.size }));
  });
  const holding = new Map<string, number>();
  for (const { unit } of candidates)
    for (const stem of overlap(wanted, unit.quote)) holding.set(stem, (holding.get(stem) ?? 0) + 1);
  const scored = candidates.map((candidate) => {
    const own = overlap(wanted, candidate.unit.quote);
    const rarity = own.reduce((sum, stem) => sum + Math.log(1 + candidates.length / (holding.get(stem) ?? 1)), 0);
    const lead = candidate.foreign && own.length === 0 && candidate.order === 0 ? 0.1 : 0;
    return {
      ...candidate,
      score: (rarity + lead + 0.5 * candidate.coverage) / (1 + 0.25 * candidate.rank),
      said: rarity + lead,
    };
  });
  const taken = new Map<Source, number>();
  return scored
    .filter(({ said, coverage, order, foreign }) => said > 0 || (!foreign && coverage > 0 && order === 0))
    .sort((a, b) => b.score - a.score)
    .filter(({ source }) => {
      const count = (taken.get(source) ?? 0) + 1;
      taken.set(source, count);
      return count <= maxExtractsPerSource;
    })
    .slice(0, maxExtracts)
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
    .map(({ source, unit }) => ({
      source,
      quote: unit.quote.slice(0, maxQuoteLength),
      shown: unit.shown.slice(0, maxQuoteLength),
    }));
}
