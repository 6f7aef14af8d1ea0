import { foldText } from "@ai-platform/core/vector/fold.ts";

const stopWords = new Set(
  [
    "alors au aucun aussi autre aux avec avoir ce ceci cela ces cet cette ceux chaque comme comment combien dans de des donc du elle elles en est et etre eux fait faire faut ici il ils je la le les leur leurs lui ma mais me mes mon ne ni nos notre nous on ont ou par pas peut peuvent plus pour pourquoi qu quand que quel quelle quelles quels qui quoi sa sans se ses si son sont sous sur ta te tes ton tous tout toute toutes tres tu un une vos votre vous y est-ce ai as avons avez etait ete puis dois doit peux",
    "a about all also an and any are as at be been but by can could do does for from had has have how i if in into is it its may me more most must my no not of on or our should so some such than that the their them then there these they this to us was we were what when where which while who whom why will with would you your",
    "في من على الي عن ما ماذا هل هو هي هذا هذه ذلك تلك التي الذي الذين كان كانت يكون تكون ان او ثم كم كيف متي اين لماذا مع كل بعض لا لم لن قد غير بين عند بعد قبل حتي اذا لكن انا نحن هم اي",
  ]
    .join(" ")
    .split(" "),
);

const arabicPrefix = /^(?:وال|بال|كال|فال|لل|ال)(?=\p{L}{3})/u;
const latinEnding = /(?:es|s|x|e)$/;

/** A light stem, so that plural and article do not hide a match: enough for overlap, too crude for search. */
function stem(word: string): string {
  if (/\p{Script=Arabic}/u.test(word)) return word.replace(arabicPrefix, "");
  return word.length > 4 && !/\d/.test(word) ? word.replace(latinEnding, "").slice(0, 8) : word;
}

/** Distinct stems of the words that carry meaning. */
export function contentStems(text: string): Set<string> {
  const words = foldText(text).split(" ").filter(Boolean);
  return new Set(words.filter((word) => !stopWords.has(word) && (word.length > 1 || /\d/.test(word))).map(stem));
}
