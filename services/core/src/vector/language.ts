import type { Language } from "./store.ts";

/** Function words that few other languages share; enough for a sentence and for a page alike. */
const functionWords: Readonly<Record<"fr" | "en", ReadonlySet<string>>> = {
  fr: new Set(
    "le la les un une des du de et est sont dans pour par sur avec sans qui que quoi quel quelle quels quelles combien comment quand où dont ne pas plus au aux ce cette ces son sa ses leur leurs mon ma mes nous vous il elle ils elles être avoir peut doit je tu selon entre jours travail salarié employeur congé congés article loi".split(
      " ",
    ),
  ),
  en: new Set(
    "the a an and is are was were be been of to in for on with without by from at as that which who whom what when where how many much do does did not can could must should will would may this these those his her its their my your our we you they he she it i am if or days work employee employer leave law".split(
      " ",
    ),
  ),
};

/**
 * Language of a question, chunk or document: by script for Arabic, by function words for French and English.
 * `simple` where nothing decides, which searches without a stemmer's help rather than with the wrong one.
 */
export function detectLanguage(text: string): Language {
  const sample = text.slice(0, 20_000).normalize("NFC").toLowerCase();
  const letters = sample.match(/\p{L}/gu)?.length ?? 0;
  const arabic = sample.match(/\p{Script=Arabic}/gu)?.length ?? 0;
  if (letters === 0) return "simple";
  if (arabic * 2 > letters) return "ar";
  const words = sample.match(/\p{L}+/gu) ?? [];
  const count = (language: "fr" | "en") => words.filter((word) => functionWords[language].has(word)).length;
  const french = count("fr") + (sample.match(/[éèêàùçîôœ]/gu)?.length ?? 0) / 2;
  const english = count("en");
  if (french === english) return "simple";
  return french > english ? "fr" : "en";
}
