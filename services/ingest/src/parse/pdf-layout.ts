import type { Block } from "./content.ts";

/** A line of a page: height of its letters and distance from the page's foot, in points. */
export interface TextLine {
  readonly text: string;
  readonly height: number;
  readonly y: number;
  readonly page: number;
}

/** Letters this much higher than the body's make a heading. */
const headingRatio = 1.15;
/** A gap of so many line heights parts paragraphs. */
const paragraphGap = 1.8;
const longestHeading = 160;

/** Headings by size and paragraphs by gaps: what a PDF, which has neither, shows to the eye. */
export function toBlocks(lines: readonly TextLine[]): Block[] {
  const body = bodyHeight(lines);
  const sizes = [...new Set(lines.map((line) => Math.round(line.height)))]
    .filter((height) => height >= body * headingRatio)
    .sort((a, b) => b - a);
  const blocks: Block[] = [];
  let paragraph: TextLine[] = [];
  const flush = () => {
    const [first] = paragraph;
    if (first) blocks.push({ kind: "paragraph", text: joinLines(paragraph), page: first.page });
    paragraph = [];
  };
  for (const line of lines) {
    const last = paragraph.at(-1);
    if (body > 0 && line.height >= body * headingRatio && line.text.length <= longestHeading) {
      flush();
      const level = Math.min(sizes.indexOf(Math.round(line.height)) + 1, 3);
      blocks.push({ kind: "heading", level: Math.max(level, 1), text: line.text, page: line.page });
      continue;
    }
    if (last && beginsParagraph(last, line, body)) flush();
    paragraph.push(line);
  }
  flush();
  return blocks;
}

function beginsParagraph(last: TextLine, line: TextLine, body: number): boolean {
  if (last.page !== line.page) return true;
  const gap = last.y - line.y;
  return (
    gap < 0 || gap > Math.max(last.height, body) * paragraphGap || /^(?:art(?:icle)?\.?\s|المادة\s)/iu.test(line.text)
  );
}

/** Lines as written, but for words that were parted at the end of one. */
function joinLines(lines: readonly TextLine[]): string {
  return lines
    .map((line) => line.text)
    .join("\n")
    .replace(/(\p{Ll})-\n(?=\p{Ll})/gu, "$1");
}

/** Height that most letters have. */
function bodyHeight(lines: readonly TextLine[]): number {
  const letters = new Map<number, number>();
  for (const line of lines) {
    const height = Math.round(line.height);
    letters.set(height, (letters.get(height) ?? 0) + line.text.length);
  }
  const [most] = [...letters].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? 0;
}
