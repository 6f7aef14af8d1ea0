import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSentenceSplitter, splitSentences } from "@ai-platform/api/agents/text/sentences.ts";

describe("sentences", () => {
  it.each([
    ["Un fait [1]. Un autre [2].", ["Un fait [1]. ", "Un autre [2]."]],
    ["Un fait. [1] Un autre. [2]", ["Un fait. [1] ", "Un autre. [2]"]],
    ["Un fait.[1][2] Un autre.", ["Un fait.[1][2] ", "Un autre."]],
    ["Selon l'art. 39 de la loi n. 65-99, oui. Non.", ["Selon l'art. 39 de la loi n. 65-99, oui. ", "Non."]],
    ["Il dit « Partez. Vite. » à tous. Fin.", ["Il dit « Partez. Vite. » à tous. ", "Fin."]],
    ["1. Ouvrir le portail.\n2. Valider.\n", ["1. Ouvrir le portail.\n", "2. Valider.\n"]],
    ["ما هي المدة؟ ثلاثة أشهر [1].", ["ما هي المدة؟ ", "ثلاثة أشهر [1]."]],
    ["Soit 1.5 jour. Puis vpn.atlas.example s'ouvre.", ["Soit 1.5 jour. ", "Puis vpn.atlas.example s'ouvre."]],
    ["Titre\n\nTexte.", ["Titre\n", "\n", "Texte."]],
  ])("cuts %j", (text, expected) => {
    expect(splitSentences(text)).toEqual(expected);
  });

  const alphabet = fc.constantFrom(
    "a",
    "B",
    "é",
    "ع",
    ".",
    "!",
    "؟",
    "…",
    " ",
    "\n",
    "[",
    "1",
    "]",
    ",",
    "«",
    "»",
    '"',
    "Art",
    "’",
    ")",
  );
  const texts = fc.array(alphabet, { maxLength: 60 }).map((parts) => parts.join(""));

  it("loses nothing, and cuts a stream as it cuts the whole, wherever the stream is cut", () => {
    fc.assert(
      fc.property(texts, fc.array(fc.nat(60), { maxLength: 8 }), (text, cuts) => {
        const splitter = createSentenceSplitter();
        const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        const sentences = places.slice(1).flatMap((end, index) => splitter.push(text.slice(places[index], end)));
        sentences.push(...splitter.end());
        expect(sentences.join("")).toBe(text);
        expect(sentences).toEqual(splitSentences(text));
      }),
      { numRuns: 2_000 },
    );
  });
});
