import type { AgentDefinition, AnswerLanguage, Wording } from "./agent.ts";
import type { Source } from "./sources.ts";

const noAdvice: Wording = {
  fr: "Information, et non conseil juridique.",
  ar: "معلومات وليست استشارة قانونية.",
  en: "Information, not legal advice.",
};
const arabicPrevails: Wording = {
  fr: "Seul le texte français a été utilisé ; en cas de divergence, le texte arabe prévaut.",
  ar: "لم يُستعمل إلا النص الفرنسي؛ وعند الاختلاف يرجح النص العربي.",
  en: "Only the French text was used; where the two differ, the Arabic text prevails.",
};
const versionLabel: Wording = { fr: "Version des textes :", ar: "صيغة النصوص:", en: "Version of the texts:" };
const since: Wording = { fr: "en vigueur depuis le", ar: "سارية منذ", en: "in force since" };
const until: Wording = { fr: "jusqu'au", ar: "إلى غاية", en: "until" };
const undated: Wording = {
  fr: "date de version non indiquée par la source",
  ar: "تاريخ الصيغة غير مبين في المصدر",
  en: "version date not stated by the source",
};

/** Version of each law cited, by its dates in force. */
function versions(cited: readonly Source[], language: AnswerLanguage): string {
  const stated = cited.map(({ passage: { meta, title } }) => {
    const name = meta.law
      ? language === "ar"
        ? `القانون رقم ${meta.law.replace("-", ".")}`
        : `loi n° ${meta.law}`
      : title;
    const from = meta.inForceFrom ? `${since[language]} ${meta.inForceFrom}` : undated[language];
    return `${name}${language === "ar" ? "،" : ","} ${from}${meta.inForceTo ? ` ${until[language]} ${meta.inForceTo}` : ""}`;
  });
  return [...new Set(stated)].join(language === "ar" ? "؛ " : " ; ");
}

/** What a legal answer always states; `undefined` for other agents. */
export function disclaimerFor(
  agent: AgentDefinition,
  language: AnswerLanguage,
  cited: readonly Source[],
): string | undefined {
  if (agent.citationStyle !== "legal") return undefined;
  const parts = [noAdvice[language]];
  if (cited.length > 0) parts.push(`${versionLabel[language]} ${versions(cited, language)}.`);
  if (cited.length > 0 && cited.every(({ passage }) => passage.language === "fr")) parts.push(arabicPrevails[language]);
  return parts.join(" ");
}
