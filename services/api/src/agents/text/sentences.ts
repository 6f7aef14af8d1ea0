/** Words whose full stop does not end a sentence, folded to lower case. */
const abbreviations = new Set(
  "art al p pp ex n no nº cf etc m mm mme mr mrs dr st vs i.e e.g p.ex c.-à-d bo b.o chap sect vol fig env tél tel max min".split(
    " ",
  ),
);
const terminator = /[.!?؟…]/;
const closers = /[»”"'’)*_]/;
const citation = /^\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]/;
const partOfCitation = /^\[[\d\s,;]{0,24}$/;
/** Longest text held back inside an open quotation, in characters. */
const longestQuotation = 1_500;

/** A cut after which a new sentence starts: an index, `undefined` where there is none, `"wait"` where more text decides. */
type Cut = number | "wait" | undefined;

function endsInAbbreviation(text: string, stop: number): boolean {
  const before = /[^\s([«“"'’]*$/u.exec(text.slice(0, stop))?.[0].toLowerCase() ?? "";
  // A lone letter is an initial, a number at the start of a line is a list number.
  return abbreviations.has(before) || /^\p{L}$/u.test(before) || /(?:^|\n)\s*\d{1,3}$/.test(text.slice(0, stop));
}

function insideQuotation(text: string): boolean {
  if (text.length > longestQuotation) return false;
  const count = (mark: RegExp) => text.match(mark)?.length ?? 0;
  return count(/«/g) > count(/»/g) || count(/“/g) > count(/”/g) || count(/"/g) % 2 === 1;
}

/** Moves over blanks and citations that belong to the sentence which ends at `from`. */
function afterCitations(text: string, from: number, last: boolean): Cut {
  let end = from;
  let cited = false;
  for (;;) {
    const blanks = /^[ \t\u00a0]*/.exec(text.slice(end))?.[0].length ?? 0;
    const next = end + blanks;
    if (next >= text.length) return last ? text.length : "wait";
    const rest = text.slice(next);
    const found = citation.exec(rest);
    if (found) {
      end = next + found[0].length;
      cited = true;
      continue;
    }
    if (!last && partOfCitation.test(rest)) return "wait";
    if (rest.startsWith("\n")) return next + 1;
    if (cited && /^[.,;:!?؟…]/.test(rest) && blanks === 0) return afterCitations(text, next + 1, last);
    return blanks > 0 || cited ? next : undefined;
  }
}

/** First cut in the text. It never depends on how the text came in pieces. */
function firstCut(text: string, last: boolean): Cut {
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === "\n") return index + 1;
    if (!terminator.test(character)) continue;
    let end = index + 1;
    while (end < text.length && (closers.test(text.charAt(end)) || terminator.test(text.charAt(end)))) end++;
    if (character === "." && end === index + 1 && endsInAbbreviation(text, index)) continue;
    const cut = afterCitations(text, end, last);
    if (cut === "wait") return "wait";
    if (cut !== undefined && !insideQuotation(text.slice(0, end))) return cut;
    index = end - 1;
  }
  return undefined;
}

/** Cuts a stream of text into sentences as soon as each is whole; the pieces joined give the text back. */
export interface SentenceSplitter {
  push(text: string): string[];
  /** What is left when the stream has ended. */
  end(): string[];
}

export function createSentenceSplitter(): SentenceSplitter {
  let held = "";
  const take = (last: boolean): string[] => {
    const sentences: string[] = [];
    for (let cut = firstCut(held, last); typeof cut === "number"; cut = firstCut(held, last)) {
      sentences.push(held.slice(0, cut));
      held = held.slice(cut);
    }
    if (last && held) {
      sentences.push(held);
      held = "";
    }
    return sentences;
  };
  return {
    push(text) {
      held += text;
      return take(false);
    },
    end: () => take(true),
  };
}

/** A whole text in sentences. */
export function splitSentences(text: string): string[] {
  const splitter = createSentenceSplitter();
  return [...splitter.push(text), ...splitter.end()];
}
