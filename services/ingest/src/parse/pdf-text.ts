import type { TextLine } from "./pdf-layout.ts";
import type { Pdfium } from "./pdfium.ts";

const lineFeed = 10;
/** PDFium puts this where a word was parted at the end of a line, instead of hyphen and line end. */
const partedWord = 2;
const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}]/u;

/**
 * Lines of a page in reading order, with the height of their letters. Read letter by letter: `FPDFText_GetText` cuts
 * off as many letters at the page's end as there are some without a Unicode value on it.
 */
export function readLines(pdfium: Pdfium, textPage: number, page: number): TextLine[] {
  const count = pdfium.FPDFText_CountChars(textPage);
  const places = createPlaces(pdfium, textPage);
  const lines: TextLine[] = [];
  let line = "";
  let start = 0;
  for (let index = 0; index <= count; index += 1) {
    const code = index < count ? pdfium.FPDFText_GetUnicode(textPage, index) : lineFeed;
    if (code !== lineFeed && code !== partedWord) {
      line += String.fromCodePoint(code);
      continue;
    }
    const text = line.trim();
    if (text !== "") {
      const first = start + line.indexOf(text);
      // Larger letters stand at an end of their line: all of it, a number before it, or an initial.
      const last = Math.min(first + text.length, index) - 1;
      const height = Math.max(places.heightOf(first), places.heightOf(last));
      const ordered = rightToLeft.test(text) ? toLogicalOrder(text, (letter) => places.xOf(first + letter)) : text;
      lines.push({ text: `${ordered}${code === partedWord ? "-" : ""}`, height, y: places.yOf(first), page });
    }
    line = "";
    start = index + 1;
  }
  places.close();
  return lines;
}

/** Where the letters of a page stand, by their index on it. */
function createPlaces(pdfium: Pdfium, textPage: number) {
  const scratch = pdfium.malloc(6 * Float32Array.BYTES_PER_ELEMENT);
  const originOf = (index: number) => {
    const found = pdfium.FPDFText_GetCharOrigin(textPage, index, scratch, scratch + 8);
    return found ? new Float64Array(pdfium.memory.buffer, scratch, 2) : [];
  };
  return {
    xOf: (index: number) => originOf(index)[0] ?? NaN,
    yOf: (index: number) => originOf(index)[1] ?? 0,
    /** Height in points: a font's size counts only after the matrix that the text is drawn with. */
    heightOf(index: number): number {
      if (!pdfium.FPDFText_GetMatrix(textPage, index, scratch)) return 0;
      const [, , c = 0, d = 0] = new Float32Array(pdfium.memory.buffer, scratch, 6);
      return pdfium.FPDFText_GetFontSize(textPage, index) * Math.hypot(c, d);
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
