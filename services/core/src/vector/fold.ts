/** Marks that carry no meaning for search: Latin accents, Arabic vowel signs and the tatweel. */
const marks = /[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u0640]/gu;
const arabicDigits = /[\u0660-\u0669\u06f0-\u06f9]/gu;

/**
 * Text as it is indexed and as it is asked for: lower case, no accents, one form of each Arabic letter, Western digits,
 * and words parted by single spaces. Both stores use it on both sides, because neither folds accents by itself and
 * a question is typed with fewer accents than the document it looks for.
 */
export function foldText(text: string): string {
  return text
    .normalize("NFKD")
    .replaceAll(marks, "")
    .toLowerCase()
    .replaceAll(arabicDigits, (digit) => String(digit.charCodeAt(0) & 0xf))
    .replaceAll("\u0629", "\u0647")
    .replaceAll("\u0649", "\u064a")
    .replaceAll("œ", "oe")
    .replaceAll("æ", "ae")
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/** Distinct words of a question. Single Latin letters are what elisions leave behind (`l'employé`) and find nothing. */
export function queryWords(text: string): string[] {
  const words = foldText(text)
    .split(" ")
    .filter((word) => word !== "" && !/^[a-z]$/.test(word));
  return [...new Set(words)].slice(0, 64);
}
