import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { disclaimerFor } from "@ai-platform/api/agents/disclaimer.ts";
import { hrAgent } from "@ai-platform/api/agents/definitions/hr.ts";
import { legalAgent } from "@ai-platform/api/agents/definitions/legal.ts";
import { extract } from "@ai-platform/api/agents/extractive.ts";
import { createSourceBook } from "@ai-platform/api/agents/sources.ts";
import { splitUnits } from "@ai-platform/api/agents/text/units.ts";
import { testArticle, testPassage } from "../../../support/passages.ts";

const sourcesOf = (...passages: ReturnType<typeof testPassage>[]) => createSourceBook().add(passages);

describe("units of a passage", () => {
  it("are sentences, list items and table rows with their column names, under their headings", () => {
    const text =
      "## Congés\n\nUne phrase\nsur deux lignes. Une autre.\n\nAbsences\n\n1. Ouvrir.\n2. Fermer.\n\n| Cas | Jours |\n|---|---|\n| Mariage | 5 |";
    expect(splitUnits(text)).toEqual([
      { quote: "Une phrase sur deux lignes.", shown: "Une phrase sur deux lignes.", heading: "Congés" },
      { quote: "Une autre.", shown: "Une autre.", heading: "Congés" },
      { quote: "1. Ouvrir.", shown: "Ouvrir.", heading: "Absences" },
      { quote: "2. Fermer.", shown: "Fermer.", heading: "Absences" },
      { quote: "| Mariage | 5 |", shown: "Cas : Mariage · Jours : 5", heading: "Absences" },
    ]);
  });

  it("are never empty for a text that is not", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }).filter((text) => text.trim() !== ""),
        (text) => splitUnits(text).length > 0 || /^[\s#|:-]+$/.test(text),
      ),
    );
  });
});

describe("an answer without a model", () => {
  const leave = testPassage({ text: "Le salarié acquiert 24 jours de congé par an. Le portail est ouvert la nuit." });
  const parking = testPassage({
    title: "Parking",
    headingPath: [],
    text: "Le parking ouvre à 7 heures. Les jours fériés, il reste fermé.",
  });

  it("quotes what shares the rare words of the question, and leaves the rest", () => {
    const found = extract("Combien de jours de congé par an ?", "fr", sourcesOf(leave, parking));
    expect(found.map(({ quote }) => quote)).toEqual(["Le salarié acquiert 24 jours de congé par an."]);
  });

  it("finds by the heading what the sentence itself does not name", () => {
    const text = "Maternité\n\nLe congé dure quatorze semaines.\n\nPaternité\n\nLe congé dure quinze jours.";
    const found = extract("Combien dure la maternité ?", "fr", sourcesOf(testPassage({ text })));
    expect(found[0]?.quote).toBe("Le congé dure quatorze semaines.");
  });

  it.each(["Quelle est la recette du couscous ?", "Quel est le salaire minimum ?", "?", "le la les"])(
    "has nothing to say to %j",
    (question) => {
      expect(extract(question, "fr", sourcesOf(leave, parking))).toEqual([]);
    },
  );

  it("prefers the language of the question, and takes another where that is all there is", () => {
    const arabic = testPassage({ language: "ar", text: "لكل أجير 24 يوما من الإجازة عبر Portail." });
    expect(extract("Combien de jours de congé ?", "fr", sourcesOf(arabic, leave))[0]?.quote).toContain("24 jours");
    expect(extract("Portail de congé ?", "fr", sourcesOf(arabic))[0]?.quote).toContain("الإجازة");
  });

  it("says only words of its sources, whatever the question", () => {
    const words = fc.constantFrom("congé", "jours", "parking", "heures", "couscous", "24", "salarié", "nuit");
    fc.assert(
      fc.property(fc.array(words), (asked) => {
        for (const { source, quote } of extract(asked.join(" "), "fr", sourcesOf(leave, parking))) {
          expect(source.passage.text).toContain(quote);
        }
      }),
    );
  });
});

describe("what a legal answer states", () => {
  const french = testArticle("14", "Trois mois.");
  const arabic = testArticle("14", "ثلاثة أشهر.", { language: "ar" });

  it("is no advice, the version, and that Arabic prevails where only French was used", () => {
    expect(disclaimerFor(legalAgent, "en", sourcesOf(french))).toBe(
      "Information, not legal advice. Version of the texts: loi n° 65-99, in force since 2004-06-08. Only the French text was used; where the two differ, the Arabic text prevails.",
    );
    expect(disclaimerFor(legalAgent, "en", sourcesOf(french, arabic))).not.toContain("prevails");
    expect(disclaimerFor(legalAgent, "ar", sourcesOf(arabic))).toContain("القانون رقم 65.99");
    expect(disclaimerFor(legalAgent, "fr", [])).toBe("Information, et non conseil juridique.");
    expect(disclaimerFor(legalAgent, "fr", sourcesOf(testPassage({ title: "Note" })))).toContain(
      "Note, date de version non indiquée par la source",
    );
    expect(disclaimerFor(hrAgent, "fr", sourcesOf(french))).toBeUndefined();
  });
});
