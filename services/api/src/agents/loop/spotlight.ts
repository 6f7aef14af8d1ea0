import { randomBytes } from "node:crypto";

/**
 * Marks what comes from documents with a word nobody can know beforehand, so that a model can tell it from its orders
 * (Hines et al., arXiv 2403.14720). A help to the model and not a boundary: the boundary is the caller's rights.
 */
export interface Spotlight {
  readonly open: string;
  readonly close: string;
  wrap(text: string): string;
}

export function createSpotlight(mark = randomBytes(8).toString("hex")): Spotlight {
  const open = `<source-${mark}>`;
  const close = `</source-${mark}>`;
  return { open, close, wrap: (text) => `${open}\n${text.replaceAll(mark, "")}\n${close}` };
}
