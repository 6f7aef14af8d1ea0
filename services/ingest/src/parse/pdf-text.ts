import type { TextLine } from "./pdf-layout.ts";
import { readUtf16, type Pdfium } from "./pdfium.ts";

/** PDFium puts one of these where a word was parted at the end of a line, instead of hyphen and line end. */
const partedWord = /\ufffe|\u0002/;
const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}]/u;

/** Lines of a page in reading order, with the height of their letters. */
export function readLines(pdfium: Pdfium, textPage: number, page: number): TextLine[] {
  const count = pdfium.FPDFText_CountChars(textPage);
  if (count <= 0) return [];
  const text = readUtf16(pdfium, 2 * count + 2, (buffer) => pdfium.FPDFText_GetText(textPage, 0, count, buffer));
  const places = createPlaces(pdfium, textPage);
  const lines: TextLine[] = [];
  let start = 0;
  for (const part of text.split(/(\r\n|\ufffe|\u0002)/)) {
    const first = part.search(/\S/);
    if (first >= 0 && !partedWord.test(part)) {
      const parted = partedWord.test(text[start + part.length] ?? "");
      const ordered = rightToLeft.test(part) ? toLogicalOrder(part, (index) => places.xOf(start + index)) : part;
      // Larger letters stand at an end of their line: all of it, a number before it, or an initial.
      const ends = [first, part.trimEnd().length - 1];
      const height = Math.max(...ends.map((index) => places.heightOf(start + index)));
      lines.push({ text: `${ordered.trim()}${parted ? "-" : ""}`, height, y: places.yOf(start + first), page });
    }
    start += part.length;
  }
  places.close();
  return lines;
}

/** Where the letters of a page stand, by their index in its text. */
function createPlaces(pdfium: Pdfium, textPage: number) {
  const scratch = pdfium.malloc(6 * Float32Array.BYTES_PER_ELEMENT);
  const character = (index: number) => pdfium.FPDFText_GetCharIndexFromTextIndex(textPage, index);
  const originOf = (index: number) => {
    const found = pdfium.FPDFText_GetCharOrigin(textPage, character(index), scratch, scratch + 8);
    return found ? new Float64Array(pdfium.memory.buffer, scratch, 2) : [];
  };
  return {
    xOf: (index: number) => originOf(index)[0] ?? NaN,
    yOf: (index: number) => originOf(index)[1] ?? 0,
    /** Height in points: a font's size counts only after the matrix that the text is drawn with. */
    heightOf(index: number): number {
      const at = character(index);
      if (!pdfium.FPDFText_GetMatrix(textPage, at, scratch)) return 0;
      const [, , c = 0, d = 0] = new Float32Array(pdfium.memory.buffer, scratch, 6);
      return pdfium.FPDFText_GetFontSize(textPage, at) * Math.hypot(c, d);
    },
    close: () => pdfium.free(scratch),
  };
}

/**
 * Puts right what PDFium leaves reversed in lines of Arabic: the two letters of a lam-alef, which are drawn as one,
 * Latin words in a row, and a number with the point or colon after it.
 * @param xOf where the letter at an index of the line begins, in points from the left
 */
export function toLogicalOrder(line: string, xOf: (index: number) => number): string {
  return line
    .replace(/[اأإآ]ل/g, (pair, index: number) => (xOf(index) === xOf(index + 1) ? swap(pair) : pair))
    .replace(/\p{Script=Latin}+(?: \p{Script=Latin}+)+/gu, (words, index: number) => {
      const second = words.indexOf(" ") + 1;
      return xOf(index) > xOf(index + second) ? words.split(" ").reverse().join(" ") : words;
    })
    .replace(/(?<!\S)[.:،؛]\d[\d.,/-]*/g, (number, index: number) =>
      xOf(index) < xOf(index + 1) ? number.slice(1) + number.slice(0, 1) : number,
    );
}

function swap(pair: string): string {
  return pair.slice(1) + pair.slice(0, 1);
}
