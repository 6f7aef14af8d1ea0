import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunkTokens, overlapTokens, packSections } from "@ai-platform/ingest/chunk/pack.ts";
import { toSections } from "@ai-platform/ingest/chunk/sections.ts";
import { announcement, articleNumber } from "@ai-platform/ingest/chunk/structure.ts";
import { countTokens } from "@ai-platform/ingest/chunk/tokens.ts";
import type { Block } from "@ai-platform/ingest/parse/content.ts";
import { indexedText } from "@ai-platform/ingest/pipeline.ts";

const paragraph = (text: string, page?: number): Block => ({ kind: "paragraph", text, ...(page ? { page } : {}) });
const heading = (level: number, text: string): Block => ({ kind: "heading", level, text });
const chunk = (blocks: readonly Block[]) => packSections(toSections(blocks), countTokens);

describe("articles", () => {
  it.each([
    ["Article 39 – Fautes graves", "39"],
    ["Art. 62 bis. – Audition", "62 bis"],
    ["ARTICLE PREMIER", "1"],
    ["Article 1er", "1"],
    ["المادة 39", "39"],
    ["المادة ٦٢ مكرر", "62 bis"],
    ["المادة الأولى", "1"],
    ["Article de presse", undefined],
    ["Article 39 de la loi 65-99", undefined],
    ["Congés", undefined],
  ])("%s is article %s", (text, number) => {
    expect(articleNumber(text)).toBe(number);
  });

  it("announce themselves in text without mark-up", () => {
    expect(announcement("Article 39. Sont considérées comme fautes graves :\nle vol")).toEqual({
      heading: "Article 39",
      level: 7,
      rest: "Sont considérées comme fautes graves :\nle vol",
    });
    expect(announcement("Chapitre II Des congés")?.level).toBe(3);
    expect(announcement("Titre de transport exigé de chacun.")).toBeUndefined();
  });

  it("are chunks of their own, however small, below the parts they stand in", () => {
    const chunks = chunk([
      paragraph("TITRE I"),
      paragraph("Chapitre II Du contrat"),
      paragraph("Article 1\nUn."),
      paragraph("Article 2\nDeux."),
      paragraph("Suite de deux."),
      paragraph("Chapitre III De la rupture"),
      paragraph("Article 3\nTrois."),
    ]);
    expect(chunks.map(({ article, headingPath, text }) => [article, headingPath.join(" / "), text])).toEqual([
      ["1", "TITRE I / Chapitre II Du contrat / Article 1", "Un."],
      ["2", "TITRE I / Chapitre II Du contrat / Article 2", "Deux.\n\nSuite de deux."],
      ["3", "TITRE I / Chapitre III De la rupture / Article 3", "Trois."],
    ]);
  });
});

describe("packing", () => {
  const words = fc.stringMatching(/^[a-zéàç]{1,12}$/);
  const sentence = fc.array(words, { minLength: 1, maxLength: 40 }).map((list) => `${list.join(" ")}.`);
  const text = fc.array(sentence, { minLength: 1, maxLength: 60 }).map((list) => list.join(" "));
  const block = fc.oneof(
    { weight: 4, arbitrary: text.map((value) => paragraph(value)) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.integer({ min: 1, max: 3 }), words).map(([level, name]) => heading(level, name)),
    },
  );

  it("keeps to the budget and loses no word", () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), (blocks) => {
        const chunks = chunk(blocks);
        for (const { text, tokens } of chunks) {
          expect(tokens).toBeLessThanOrEqual(chunkTokens);
          expect(countTokens(text)).toBeLessThanOrEqual(tokens);
        }
        const found = new Set(chunks.flatMap((one) => one.text.split(/\s+/)));
        const written = blocks.filter((one) => one.kind === "paragraph").flatMap((one) => one.text.split(/\s+/));
        expect(written.filter((word) => !found.has(word))).toEqual([]);
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  it("repeats about a tenth under one heading, and never across headings", () => {
    const long = Array.from({ length: 80 }, (_, index) => `Phrase ${index} sur les congés payés des salariés.`).join(
      " ",
    );
    const chunks = chunk([heading(1, "A"), paragraph(long), heading(1, "B"), paragraph("Autre.")]);
    const [first, second] = chunks;
    const repeated = second?.text.split("\n\n")[0] ?? "";
    expect(first?.text.endsWith(repeated)).toBe(true);
    expect(countTokens(repeated)).toBeGreaterThan(10);
    expect(countTokens(repeated)).toBeLessThanOrEqual(overlapTokens);
    expect(chunks.at(-1)).toMatchObject({ headingPath: ["B"], text: "Autre." });
  });

  it("puts small sections together under their common heading, with their own in the text", () => {
    const blocks = [
      heading(1, "Manuel"),
      heading(2, "Un"),
      paragraph("Premier."),
      heading(2, "Deux"),
      paragraph("Second."),
    ];
    expect(chunk(blocks)).toMatchObject([{ headingPath: ["Manuel"], text: "## Un\n\nPremier.\n\n## Deux\n\nSecond." }]);
  });

  it("cuts a table too large for a chunk between rows and repeats its header", () => {
    const rows = Array.from({ length: 400 }, (_, row) => `| ligne ${row} | valeur ${row * 7} |`);
    const chunks = chunk([{ kind: "table", text: ["| nom | valeur |", ...rows].join("\n") }]);
    expect(chunks.length).toBeGreaterThan(3);
    for (const { text } of chunks) expect(text.startsWith("| nom | valeur |\n| ligne")).toBe(true);
    for (const row of rows) expect(chunks.filter(({ text }) => text.split("\n").includes(row))).toHaveLength(1);
  });

  it("gives the pages a chunk spans", () => {
    expect(chunk([heading(1, "A"), paragraph("Un.", 3), paragraph("Deux.", 4)])).toMatchObject([
      { pageFrom: 3, pageTo: 4 },
    ]);
  });
});

it("the heading path is searched and not quoted, and names the title once", () => {
  expect(indexedText("Code", ["Titre I", "Article 2"], "Deux.")).toBe("Code > Titre I > Article 2\n\nDeux.");
  expect(indexedText("Code", ["Code", "Article 2"], "Deux.")).toBe("Code > Article 2\n\nDeux.");
});
