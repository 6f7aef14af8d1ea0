import type { AnswerLanguage } from "./agent.ts";
import type { Source } from "./sources.ts";
import { splitUnits } from "./text/units.ts";
import { contentStems } from "./text/words.ts";

/** Something a source says: as it stands there, and as it is shown out of its place. */
export interface Extract {
  readonly source: Source;
  /** Verbatim. */
  readonly quote: string;
  readonly shown: string;
}

const maxExtracts = 6;
const maxQuoteLength = 800;
/** Weight of a word of the question that stands in the heading or title above a unit, against one in the unit. */
const headingWeight = 0.7;
const titleWeight = 0.3;
/** How much each place further down in the search counts against a passage. */
const rankPenalty = 0.15;
/** Units that fit the question much worse than the best one are noise. */
const shareOfBest = 0.6;

/** Words of the question a passage must hold to say anything about it. */
const wordsNeeded = (asked: number) => (asked <= 1 ? asked : Math.max(2, Math.ceil(asked / 3)));

const titleOf = ({ passage }: Source) => [passage.title, ...passage.headingPath].join(" ");

/** The unit of a passage that has most in common with a text; the first where none has anything. */
export function bestQuote(source: Source, text: string): string {
  const wanted = contentStems(text);
  const [best] = splitUnits(source.passage.text)
    .map(({ quote }, order) => ({ quote, order, shared: wanted.intersection(contentStems(quote)).size }))
    .sort((a, b) => b.shared - a.shared || a.order - b.order);
  return (best?.quote ?? source.passage.text).slice(0, maxQuoteLength);
}

/**
 * What the sources say about a question, without a model: the units that share most of its rare words, in the order
 * of their sources. Empty where no source has enough in common with the question.
 * @param sources best first
 */
export function extract(question: string, language: AnswerLanguage, sources: readonly Source[]): Extract[] {
  const wanted = contentStems(question);
  const inLanguage = sources.filter(({ passage }) => passage.language === language || passage.language === "simple");
  const own = fitting(wanted, inLanguage, wordsNeeded(wanted.size));
  if (own.length > 0) return own;
  // Across languages few words are shared, if any; there the search has the last word, and one is enough to choose by.
  return fitting(wanted, sources.filter((source) => !inLanguage.includes(source)).slice(0, 2), 0);
}

function fitting(wanted: ReadonlySet<string>, sources: readonly Source[], needed: number): Extract[] {
  const candidates = sources.flatMap((source, rank) => {
    const title = contentStems(titleOf(source));
    const all = title.union(contentStems(source.passage.text));
    if (wanted.intersection(all).size < needed) return [];
    return splitUnits(source.passage.text).map((unit, order) => {
      const said = wanted.intersection(contentStems(unit.quote));
      const above = wanted.intersection(contentStems(unit.heading)).difference(said);
      return { source, rank, order, unit, said, above, over: wanted.intersection(title).difference(said.union(above)) };
    });
  });
  const weight = (stem: string) => {
    const holding = candidates.filter(({ said, above }) => said.has(stem) || above.has(stem)).length;
    return Math.log(1 + candidates.length / Math.max(1, holding));
  };
  const weights = new Map([...wanted].map((stem) => [stem, weight(stem)]));
  const sum = (stems: ReadonlySet<string>) => [...stems].reduce((total, stem) => total + (weights.get(stem) ?? 0), 0);
  const scored = candidates.map((candidate) => {
    const { said, above, over, rank } = candidate;
    const score = sum(said) + headingWeight * sum(above) + titleWeight * sum(over);
    return { ...candidate, score: score / (1 + rankPenalty * rank) };
  });
  const best = Math.max(0, ...scored.map(({ score }) => score));
  return scored
    .filter(({ score }) => score > 0 && score >= shareOfBest * best)
    .sort((a, b) => b.score - a.score || a.order - b.order)
    .slice(0, maxExtracts)
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
    .map(({ source, unit: { quote, shown } }) => ({
      source,
      quote: quote.slice(0, maxQuoteLength),
      shown: shown.slice(0, maxQuoteLength),
    }));
}
