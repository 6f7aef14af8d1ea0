import { splitSentences } from "./sentences.ts";

/** A part of a passage that can stand alone. */
export interface Unit {
  /** Verbatim. */
  readonly quote: string;
  /** Without list marks; table rows with their column names. */
  readonly shown: string;
  /** The heading it stands under in the passage, or "". */
  readonly heading: string;
}

const listMark = /^(?:[-*•]|\d{1,2}[.)])\s+/;
/** Paragraphs, list items and lines that are headings in Markdown. */
const blockEnd = /\n\s*\n|\n(?=\s*(?:[-*•]|\d{1,2}[.)])\s)|\n(?=#)|(?<=^#[^\n]*)\n/m;
const longestHeading = 100;

const cells = (row: string) =>
  row
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => cell.trim());

function tableRows(lines: readonly string[], heading: string): Unit[] {
  const [header = "", ...rows] = lines.filter((line) => !/^\s*\|[\s:|-]+\|\s*$/.test(line));
  const names = cells(header);
  return rows.map((row) => {
    const shown = cells(row).map((cell, column) => (names[column] ? `${names[column]} : ${cell}` : cell));
    return { quote: row.trim(), shown: shown.join(" · "), heading };
  });
}

/** A short line by itself that does not end like a sentence. */
const isHeading = (block: string) =>
  block.startsWith("#") || (block.length <= longestHeading && !/\n|[.!?؟…:;,|]$/.test(block) && !listMark.test(block));

/** A passage as units: sentences, list items and table rows, each under its heading. */
export function splitUnits(text: string): Unit[] {
  const blocks = text.split(blockEnd).map((block) => block.trim());
  let heading = "";
  const units = blocks.flatMap((block): Unit[] => {
    if (block === "") return [];
    if (block.startsWith("|")) return tableRows(block.split("\n"), heading);
    if (isHeading(block)) {
      heading = block.replace(/^#+\s*/, "");
      return [];
    }
    // Lines of running text are wrapped, not ended, by their line breaks.
    return splitSentences(block.replace(/\s*\n\s*/g, " ")).map((sentence) => {
      const quote = sentence.trim();
      return { quote, shown: quote.replace(listMark, ""), heading };
    });
  });
  // A passage that is one short line says what it says.
  return units.length > 0 || text.trim() === "" ? units : [{ quote: text.trim(), shown: text.trim(), heading: "" }];
}
