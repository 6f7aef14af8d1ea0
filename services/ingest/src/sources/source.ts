import type { Problem } from "@ai-platform/core/errors.ts";

/** One document as a source gives it. */
export interface SourceDocument {
  /** Identity of the document, whenever it is read again. */
  readonly source: string;
  readonly fileName: string;
  readonly bytes: Uint8Array;
  /** What a web server said it is. */
  readonly contentType?: string;
  readonly title?: string;
}

/** What a source comes upon, one at a time: documents, and places it could not or would not read. */
export type SourceItem =
  | { readonly kind: "document"; readonly document: SourceDocument }
  | { readonly kind: "skipped"; readonly source: string; readonly reason: string }
  | { readonly kind: "failed"; readonly source: string; readonly problem: Problem };

/** A source opened: what it gives, and how much that will be where it is known before. */
export interface Source {
  readonly total?: number;
  readonly items: AsyncIterable<SourceItem>;
}
