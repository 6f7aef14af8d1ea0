import { Problem } from "@ai-platform/core/errors.ts";
import type { IngestLimits } from "../limits.ts";
import { cleanText, type Block, type DocumentContent } from "./content.ts";
import type { PageProgress, ParseInput } from "./parser.ts";
import { decodeText, readPlainText } from "./text.ts";

/**
 * Reads a document of any kind we know. Parsers are loaded when first needed, for each is large.
 * @throws Problem `unreadable-document` or `too-large`, naming the file and the limit
 */
export async function readDocument(
  input: ParseInput,
  limits: IngestLimits,
  onProgress: (progress: PageProgress) => void,
): Promise<DocumentContent> {
  const { fileName, mime, bytes } = input;
  const maxBytes = mime === "application/pdf" ? limits.pdfBytes : limits.textBytes;
  if (bytes.length > maxBytes) {
    throw new Problem("too-large", `${fileName} has ${bytes.length} bytes; allowed are ${maxBytes}.`);
  }
  const content = await readByType(input, limits, onProgress);
  if (content.blocks.length === 0 && content.pagesNeedingOcr === 0) {
    throw new Problem("unreadable-document", `${fileName} has no text.`);
  }
  if (content.blocks.length === 0) {
    const pages = `${content.pagesNeedingOcr} of ${content.pages} pages`;
    throw new Problem("unreadable-document", `${fileName} needs OCR: ${pages} are images. Send it with a text layer.`);
  }
  return content;
}

async function readByType(
  { fileName, mime, bytes }: ParseInput,
  limits: IngestLimits,
  onProgress: (progress: PageProgress) => void,
): Promise<DocumentContent> {
  if (mime === "application/pdf") {
    const { readPdf } = await import("./pdf.ts");
    const { blocks, ...facts } = await readPdf(fileName, bytes, limits, onProgress);
    const cleaned = blocks.map((block) => ({ block, ...cleanText(block.text) }));
    return {
      ...facts,
      meta: {},
      blocks: withText(cleaned.map(({ block, text }) => ({ ...block, text: text.trim() }))),
      removedCharacters: cleaned.reduce((sum, { removed }) => sum + removed, 0),
    };
  }
  const { text, removed } = cleanText(decodeText(fileName, bytes));
  const onePage = { pages: 1, pagesNeedingOcr: 0, removedCharacters: removed };
  if (mime === "text/markdown") {
    const { readMarkdown } = await import("./markdown.ts");
    const { blocks, ...facts } = readMarkdown(fileName, text);
    return { ...onePage, ...facts, blocks: withText(blocks) };
  }
  if (mime === "text/html") {
    const { readHtml } = await import("./html.ts");
    const { blocks, ...facts } = readHtml(text);
    // Entities such as &#8203; become characters only when the page is parsed.
    const cleaned = blocks.map((block) => ({ block, ...cleanText(block.text) }));
    const removedInPage = cleaned.reduce((sum, one) => sum + one.removed, removed);
    return {
      ...onePage,
      ...facts,
      meta: {},
      blocks: withText(cleaned.map((one) => ({ ...one.block, text: one.text }))),
      removedCharacters: removedInPage,
    };
  }
  return { ...onePage, meta: {}, blocks: withText(readPlainText(text)) };
}

function withText(blocks: readonly Block[]): Block[] {
  return blocks.filter((block) => /[\p{L}\p{N}]/u.test(block.text));
}
