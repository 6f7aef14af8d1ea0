import type { Block } from "../parse/content.ts";
import { announcement, articleLevel, articleNumber } from "./structure.ts";

/** Text under one heading, in the order of the document. */
export interface Section {
  readonly headingPath: readonly string[];
  /** Number of the article this is, and then it is never packed together with another. */
  readonly article?: string;
  readonly pieces: readonly Piece[];
}

/** A paragraph or table. */
export interface Piece {
  readonly text: string;
  readonly isTable: boolean;
  readonly page?: number;
}

/** Groups blocks under their headings; `Article 39` at the start of a paragraph counts as one. */
export function toSections(blocks: readonly Block[]): Section[] {
  const sections: Section[] = [];
  let open: { level: number; text: string }[] = [];
  let pieces: Piece[] = [];
  const close = () => {
    if (pieces.length > 0) {
      const article = articleNumber(open.at(-1)?.text ?? "");
      sections.push({
        headingPath: open.map((heading) => heading.text),
        ...(article === undefined ? {} : { article }),
        pieces,
      });
    }
    pieces = [];
  };
  const enter = (level: number, text: string) => {
    close();
    open = [...open.filter((heading) => heading.level < level), { level, text }];
  };
  for (const block of blocks) {
    const page = block.page === undefined ? {} : { page: block.page };
    if (block.kind === "heading") {
      const isArticle = articleNumber(block.text) !== undefined;
      enter(isArticle ? Math.max(articleLevel, block.level) : block.level, block.text);
      continue;
    }
    const announced = block.kind === "paragraph" ? announcement(block.text) : undefined;
    if (announced) enter(announced.level, announced.heading);
    const text = announced ? announced.rest : block.text;
    if (text !== "") pieces.push({ text, isTable: block.kind === "table", ...page });
  }
  close();
  return sections;
}
