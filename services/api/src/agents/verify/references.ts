import { fold } from "../text/fold.ts";

/** Laws, decrees and articles a text names, by normalised number. */
export interface References {
  /** `65-99`, `1-03-194`. */
  readonly laws: readonly string[];
  /** `39`, `62 bis`; `premier` and `1er` are `1`. */
  readonly articles: readonly string[];
  /** A law or an article is announced by its abbreviation, and no number follows. */
  readonly malformed: boolean;
}

const lawWord = "(?:loi|law|dahir|decret|decree|قانون|القانون|الظهير|ظهير|المرسوم|مرسوم)";
const numberMark = "(?:n\\s?[°o.]|no\\.?|number|رقم|عدد)";
/** `loi n° 65-99`, `loi organique n° 97-15`, `الظهير الشريف رقم 1.03.194`. */
const law = new RegExp(
  `${lawWord}(?:\\s\\p{L}+){0,2}?\\s?(?:${numberMark}\\s?)?(\\d{1,3}[-.]\\d{1,3}(?:[-.]\\d{1,4})?)`,
  "gu",
);
const unnumberedLaw = new RegExp(`${lawWord}\\s?${numberMark}(?![\\s.°]*\\d)`, "u");

const articleWord = "(?:articles?|art\\.?|الماده|المواد|المادتين|المادتان|الفصل|الفصول)";
const articleNumber = "(?:premier|1er|\\d{1,4}(?:[-.]\\d{1,2})?(?:\\s?(?:bis|ter|quater|مكرر))?)(?![\\p{L}\\d])";
const joiner = "(?:\\s?(?:,|;|/|-|،|\\bet\\b|\\bou\\b|\\band\\b|\\bor\\b|\\ba\\b|\\bto\\b|و|الي|او)\\s?(?:l')?)";
/** `art. 39`, `articles 39, 40 et 62 bis`, `المادة 39`. */
const article = new RegExp(
  `(?<![\\p{L}])${articleWord}\\s?(?:n\\s?[°o.]\\s?)?(${articleNumber}(?:${joiner}${articleNumber})*)`,
  "gu",
);
const unnumberedArticle = /(?<!\p{L})(?:art\.|article n\s?[°o.])(?!\s?(?:n\s?[°o.]|\d|premier))/u;

const unique = (values: readonly string[]) => [...new Set(values)];

/** Finds the references in a French, Arabic or English text. */
export function findReferences(text: string): References {
  const folded = fold(text);
  const laws = [...folded.matchAll(law)].map((match) => (match[1] ?? "").replaceAll(".", "-"));
  const articles = [...folded.matchAll(article)].flatMap((match) =>
    [...(match[1] ?? "").matchAll(new RegExp(articleNumber, "gu"))].map(([number]) => articleId(number)),
  );
  return {
    laws: unique(laws),
    articles: unique(articles),
    malformed: unnumberedLaw.test(folded) || unnumberedArticle.test(folded),
  };
}

/** An article number as it is compared. */
export function articleId(number: string): string {
  return fold(number)
    .replace(/^(?:premier|1er)$/, "1")
    .replace(/\s?(bis|ter|quater|مكرر)$/, " $1");
}
