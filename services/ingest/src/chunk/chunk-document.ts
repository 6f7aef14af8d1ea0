import { Problem } from "@ai-platform/core/errors.ts";
import { detectLanguage } from "@ai-platform/core/vector/language.ts";
import type { DocumentContent } from "../parse/content.ts";
import type { ParsedChunk, ParsedDocument } from "../parse/parser.ts";
import { packSections } from "./pack.ts";
import { toSections } from "./sections.ts";

/** Below this many characters a chunk says too little about its language, and takes the document's. */
const tellingLength = 80;

/**
 * Cuts a document: by headings and articles first, then packed to the token budget.
 * @throws Problem `too-large` above `maxChunks`
 */
export async function chunkDocument(
  content: DocumentContent,
  { fileName, maxChunks }: { readonly fileName: string; readonly maxChunks: number },
): Promise<ParsedDocument> {
  const { createTokenCounter } = await import("./tokens.ts");
  const { blocks, meta, pages, pagesNeedingOcr, removedCharacters } = content;
  const firstHeading = blocks.find((block) => block.kind === "heading")?.text;
  const title = (content.title ?? firstHeading ?? fileName).slice(0, 500);
  const language = detectLanguage(sampleOf(blocks.map((block) => block.text)));
  const packed = packSections(toSections(blocks), createTokenCounter());
  if (packed.length > maxChunks) {
    throw new Problem("too-large", `${fileName} makes ${packed.length} chunks; allowed are ${maxChunks}.`);
  }
  const chunks = packed.map(({ article, ...chunk }): ParsedChunk => {
    const detected = chunk.text.length < tellingLength ? "simple" : detectLanguage(chunk.text);
    return {
      ...chunk,
      language: detected === "simple" ? language : detected,
      meta: article === undefined ? meta : { ...meta, article },
    };
  });
  return { title, language, chunks, pages, pagesNeedingOcr, removedCharacters };
}

function sampleOf(texts: readonly string[]): string {
  let sample = "";
  for (const text of texts) {
    if (sample.length > 20_000) break;
    sample += `${text}\n`;
  }
  return sample;
}
