import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldText, queryWords } from "@ai-platform/core/vector/fold.ts";
import { fuseRanks } from "@ai-platform/core/vector/fusion.ts";
import { detectLanguage } from "@ai-platform/core/vector/language.ts";

describe("foldText", () => {
  it.each([
    ["L'Employé à Fès", "l employe a fes"],
    ["œuvre ŒUVRE", "oeuvre oeuvre"],
    ["الأَجْرُ المُؤَدَّى عَنْهُ", "الاجر المودي عنه"],
    ["المادّة ٢٣١ ۴", "الماده 231 4"],
    ["loi n° 65-99, art.39", "loi n 65 99 art 39"],
    ["ﬁnance Ⅳ ²", "finance iv 2"],
    [" \u200b…\t", ""],
  ])("%s becomes %s", (text, folded) => {
    expect(foldText(text)).toBe(folded);
  });

  it("changes nothing the second time, and leaves letters and digits only", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const folded = foldText(text);
        expect(foldText(folded)).toBe(folded);
        expect(folded).toMatch(/^(?:[\p{L}\p{N}]+(?: [\p{L}\p{N}]+)*)?$/u);
      }),
    );
  });
});

describe("queryWords", () => {
  it("drops elisions and repetitions, and keeps numbers", () => {
    expect(queryWords("L'article 9 de l'article 9, qu'on")).toEqual(["article", "9", "de", "qu", "on"]);
  });
  it("is bounded", () => {
    expect(queryWords(Array.from({ length: 500 }, (_, n) => `mot${n}`).join(" "))).toHaveLength(64);
  });
});

describe("detectLanguage", () => {
  it.each([
    ["Combien de jours de congés ai-je ?", "fr"],
    ["Quelle est la durée du préavis", "fr"],
    ["preavis pour un cadre", "fr"],
    ["How do I reset my password?", "en"],
    ["the printer on the second floor", "en"],
    ["كم عدد أيام العطلة السنوية؟", "ar"],
    ["المادة 231 من Code du travail مدونة الشغل المغربية", "ar"],
    ["65-99", "simple"],
    ["Benjelloun VPN", "simple"],
    ["", "simple"],
  ])("%s is %s", (text, language) => {
    expect(detectLanguage(text)).toBe(language);
  });
});

describe("fuseRanks", () => {
  it("puts what several searches found before what one found", () => {
    expect(
      fuseRanks(
        [
          ["a", "b", "c"],
          ["d", "b"],
        ],
        4,
      )[0],
    ).toBe("b");
  });

  it("keeps the order of a single search, and its limit", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid()), fc.nat(20), (ids, limit) => {
        expect(fuseRanks([ids], limit)).toEqual(ids.slice(0, limit));
      }),
    );
  });
});
