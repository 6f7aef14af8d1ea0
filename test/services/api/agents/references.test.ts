import { describe, expect, it } from "vitest";
import { findReferences } from "@ai-platform/api/agents/verify/references.ts";

describe("references to laws and articles", () => {
  it.each([
    ["Art. 39, loi n° 65-99 (Code du travail), dahir n° 1-03-194 du 11 septembre 2003", ["65-99", "1-03-194"], ["39"]],
    ["l’article 62 bis de la loi 65.99", ["65-99"], ["62 bis"]],
    ["les articles 13, 14 et 62 ter", [], ["13", "14", "62 ter"]],
    ["l'article premier et l'article 1er", [], ["1"]],
    ["articles 39 à 41 de la loi organique n° 97-15", ["97-15"], ["39", "41"]],
    ["المادة 39 من القانون رقم 65.99", ["65-99"], ["39"]],
    ["المواد ١٣ و ١٤ من القانون رقم ٦٥.٩٩", ["65-99"], ["13", "14"]],
    ["الظهير الشريف رقم 1.03.194", ["1-03-194"], []],
    ["Article 12 of Law No. 09-08", ["09-08"], ["12"]],
    ["cet article et la loi marocaine", [], []],
    ["le décret n° 2-04-469", ["2-04-469"], []],
  ])("reads %j", (text, laws, articles) => {
    expect(findReferences(text)).toEqual({ laws, articles, malformed: false });
  });

  it.each(["la loi n° XX", "selon l'art. trente", "loi no. soixante"])("calls %j malformed", (text) => {
    expect(findReferences(text).malformed).toBe(true);
  });
});
