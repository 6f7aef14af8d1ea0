import type { ChunkMeta } from "@ai-platform/core/access/retriever.ts";

/** A heading, a paragraph, or something that must stay in one piece. Text is as it will be quoted. */
export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly text: string; readonly page?: number }
  | { readonly kind: "paragraph" | "table"; readonly text: string; readonly page?: number };

/** A document as read, whatever its format. */
export interface DocumentContent {
  readonly title?: string;
  /** Facts about the whole document from its front matter, for citations. */
  readonly meta: ChunkMeta;
  readonly blocks: readonly Block[];
  readonly pages: number;
  readonly pagesNeedingOcr: number;
  readonly removedCharacters: number;
}

/**
 * Characters nobody sees: zero-width, direction overrides, tags, and controls but for tab and line feed.
 * They hide instructions from people and words from search.
 */
const invisible =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Text without invisible characters, in composed form, and how many were taken out. */
export function cleanText(text: string): { readonly text: string; readonly removed: number } {
  let removed = 0;
  const cleaned = text.replace(/\r\n?|\u2028|\u2029|\u0085/g, "\n").replace(invisible, () => {
    removed += 1;
    return "";
  });
  return { text: cleaned.normalize("NFC"), removed };
}
