import { randomUUID } from "node:crypto";
import type { Passage } from "@ai-platform/core/access/retriever.ts";

/** A passage of a French HR document, with what the test changes. */
export function testPassage(changes: Partial<Passage> = {}): Passage {
  return {
    chunkId: randomUUID(),
    documentId: randomUUID(),
    documentVersion: 1,
    aclVersion: 1,
    level: 1,
    ordinal: 0,
    title: "Congés et absences",
    source: "file:conges.md",
    collection: "hr",
    headingPath: ["Congé annuel payé"],
    text: "Chaque salarié acquiert 2 jours ouvrables de congé par mois de travail effectif, soit 24 jours par an.",
    pageFrom: null,
    pageTo: null,
    language: "fr",
    meta: {},
    ...changes,
  };
}

/** An article of the labour code. */
export function testArticle(article: string, text: string, changes: Partial<Passage> = {}): Passage {
  return testPassage({
    title: "Code du travail",
    collection: "legal",
    headingPath: [`Article ${article}`],
    text,
    meta: {
      law: "65-99",
      lawTitle: "Code du travail",
      article,
      promulgation: "dahir n° 1-03-194 du 11 septembre 2003",
      inForceFrom: "2004-06-08",
    },
    ...changes,
  });
}
