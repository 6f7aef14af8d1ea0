/** An article or other numbered part that a line announces. */
export interface Announcement {
  /** Heading as written, such as `Article 39 – Fautes graves`. */
  readonly heading: string;
  /** 1 book, 2 title or part, 3 chapter, 4 section, 5 sub-section, 7 article. */
  readonly level: number;
  /** What stands on the line after an article's number, where that is its text and not its name. */
  readonly rest: string;
}

/** Articles are the innermost unit, below any heading the document has. */
export const articleLevel = 7;

const number = String.raw`(?:premier|1er|unique|\d+(?:er)?(?:[-.]\d+)*(?:\s+(?:bis|ter|quater|quinquies))?)`;
const arabicNumber = String.raw`(?:الأولى|الفريدة|[\d٠-٩]+(?:[-.][\d٠-٩]+)*(?:\s+مكرر(?:ة)?)?)`;
const article = new RegExp(
  String.raw`^(?:art(?:icle)?\.?\s+(?<latin>${number})|المادة\s+(?<arabic>${arabicNumber}))(?=\s*(?:$|[.:–—-]))`,
  "iu",
);
const parts: readonly (readonly [RegExp, number])[] = [
  [/^(?:livre|book|الكتاب)\s+\S+/iu, 1],
  [/^(?:titre|partie|title|part|القسم|الجزء)\s+\S+/iu, 2],
  [/^(?:chapitre|chapter|الباب)\s+\S+/iu, 3],
  [/^(?:section|الفرع)\s+\S+/iu, 4],
  [/^(?:sous-section|المبحث)\s+\S+/iu, 5],
];
/** A line longer than this is a sentence that begins with the word, not a heading. */
const headingLength = 120;

/** Number of the article a heading names, in Western digits: `39`, `62 bis`, `المادة ٣٩` gives `39`. */
export function articleNumber(heading: string): string | undefined {
  const groups = article.exec(heading.trim())?.groups;
  const found = groups?.["latin"] ?? groups?.["arabic"];
  if (found === undefined) return undefined;
  const digits = found.replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x0660)).toLowerCase();
  if (/^(premier|1er|الأولى)$/.test(digits)) return "1";
  return digits.replace(/\s*مكرر(ة)?/, " bis").replace(/\s+/g, " ");
}

/** Reads the first line of a paragraph as a heading where texts without mark-up announce their parts. */
export function announcement(paragraph: string): Announcement | undefined {
  const [line = "", ...below] = paragraph.split("\n");
  const trimmed = line.trim();
  const rest = below.join("\n").trim();
  const match = article.exec(trimmed);
  if (match) {
    const after = trimmed.slice(match[0].length).replace(/^[\s.:–—-]+/, "");
    // `Article 39 – Fautes graves` names it; `Article 39. Sont considérées comme …` already says it.
    const isName = after.length <= 80 && !/[.;:،؛]$/.test(after);
    if (isName) return { heading: trimmed.replace(/[\s.:–—-]+$/, ""), level: articleLevel, rest };
    return { heading: match[0], level: articleLevel, rest: [after, rest].filter(Boolean).join("\n") };
  }
  if (trimmed.length > headingLength || /[.;]$/.test(trimmed)) return undefined;
  const level = parts.find(([pattern]) => pattern.test(trimmed))?.[1];
  return level === undefined ? undefined : { heading: trimmed, level, rest };
}
