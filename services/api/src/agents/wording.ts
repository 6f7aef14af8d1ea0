import type { Wording } from "./agent.ts";

/** Said before quoted passages when no model wrote an answer. */
export const extractiveIntro: Wording = {
  fr: "Voici ce que disent les documents que vous pouvez lire :",
  ar: "هذا ما تقوله الوثائق التي يحق لكم الاطلاع عليها:",
  en: "This is what the documents you may read say:",
};

/** Said before quoted passages when the model stopped in the middle of an answer. */
export const extractiveContinuation: Wording = {
  fr: "La rédaction s'est arrêtée ici. Voici ce que disent les documents que vous pouvez lire :",
  ar: "توقفت الصياغة هنا. هذا ما تقوله الوثائق التي يحق لكم الاطلاع عليها:",
  en: "The writing stopped here. This is what the documents you may read say:",
};
