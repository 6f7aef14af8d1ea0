/** Repeatable random data: the same seed gives the same words and vectors. */
export interface Random {
  /** 0 to 1, without 1. */
  next(): number;
  /** A word that carries meaning: the most frequent is in a third of the chunks of 80 words, most are in one of 200. */
  word(): string;
  /** A unit vector near one of fifty centres, as embeddings of one company's documents are. */
  vector(dimensions: number): number[];
}

const commonestRank = 50;
const vocabulary = 5_000;
const centres = 50;

/** Mulberry32 generator. */
export function createRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    // Zipf's law, without the ranks of the words that stemmers leave out.
    word: () => `mot${Math.floor(commonestRank * (vocabulary / commonestRank) ** next()).toString(36)}`,
    vector(dimensions) {
      const centre = createCentre(Math.floor(next() * centres), dimensions);
      const values = centre.map((value) => value + (next() - 0.5) * 1.5);
      const length = Math.hypot(...values);
      return values.map((value) => value / length);
    },
  };
}

const known = new Map<string, number[]>();
function createCentre(number: number, dimensions: number): number[] {
  const key = `${number}/${dimensions}`;
  let centre = known.get(key);
  if (!centre) {
    const random = createRandom(1_000 + number);
    centre = Array.from({ length: dimensions }, () => random.next() - 0.5);
    known.set(key, centre);
  }
  return centre;
}

/** Nearest-rank percentile. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN;
}

/** Prints rows with equal keys as a Markdown table, ready for the README. */
export function printTable(title: string, rows: readonly Readonly<Record<string, string | number>>[]): void {
  const columns = Object.keys(rows[0] ?? {});
  const widths = columns.map((name) => Math.max(name.length, ...rows.map((row) => String(row[name]).length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padStart(widths[at] ?? 0)).join(" | ")} |`;
  console.log(`\n${title}\n`);
  console.log(line(columns));
  console.log(line(widths.map((width) => "-".repeat(width - 1) + ":")));
  for (const row of rows) console.log(line(columns.map((name) => String(row[name]))));
}
