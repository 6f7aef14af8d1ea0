const arabicDigits = /[\u0660-\u0669\u06F0-\u06F9]/g;

/**
 * Text as it is compared: one form for digits, quotes, dashes, letter case, accents, Arabic vowel signs and
 * letter variants, and single spaces. Keeps punctuation, unlike `foldText` of the search index. Never shown.
 */
export function fold(text: string): string {
  return text
    .normalize("NFKC")
    .replace(arabicDigits, (digit) => String(digit.charCodeAt(0) & 0xf))
    .normalize("NFD")
    .replace(/[\p{M}\p{Cf}\u0640]/gu, "")
    .toLowerCase()
    .replace(/[’‘ʼ`´]/g, "'")
    .replace(/[‐‑‒–—−]/g, "-")
    .replace(/ى/g, "ي")
    .replace(/ة/g, "ه")
    .replace(/œ/g, "oe")
    .replace(/æ/g, "ae")
    .replace(/\s+/g, " ")
    .trim();
}
