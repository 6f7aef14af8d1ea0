import { Problem } from "@ai-platform/core/errors.ts";
import type { IngestLimits } from "../limits.ts";
import type { Block } from "./content.ts";
import type { PageProgress } from "./parser.ts";
import { toBlocks, type TextLine } from "./pdf-layout.ts";
import { readLines } from "./pdf-text.ts";
import { copyIn, openPdfium, readUtf16, type Pdfium } from "./pdfium.ts";

/** A page with fewer letters than this may be a scan. */
const fewLetters = 16;
/** Progress is told about once per so many pages. */
const progressEvery = 20;
/** `FPDF_ERR_PASSWORD` and `FPDF_ERR_SECURITY` of fpdfview.h. */
const encryptedErrors = new Set([4, 5]);
/** `FPDF_PAGEOBJ_IMAGE` and `FPDF_PAGEOBJ_FORM` of fpdf_edit.h; a form is a drawing within a drawing. */
const imageObject = 3;
const formObject = 5;
const deepestForm = 8;

/**
 * Text of a PDF, page by page. Runs in the parser thread, in WebAssembly: PDFs are the most hostile bytes the platform
 * reads, and there a broken parser reaches neither files nor network nor other memory. It runs no scripts and draws nothing.
 */
export async function readPdf(
  fileName: string,
  bytes: Uint8Array,
  limits: IngestLimits,
  onProgress: (progress: PageProgress) => void,
): Promise<{ title?: string; blocks: Block[]; pages: number; pagesNeedingOcr: number }> {
  const pdfium = await openPdfium();
  try {
    return readPages(pdfium, fileName, bytes, limits, onProgress);
  } catch (error) {
    // Besides Problems: traps of WebAssembly, such as no more memory or stack.
    throw error instanceof Problem ? error : damaged(fileName, error);
  }
}

function readPages(
  pdfium: Pdfium,
  fileName: string,
  bytes: Uint8Array,
  limits: IngestLimits,
  onProgress: (progress: PageProgress) => void,
): { title?: string; blocks: Block[]; pages: number; pagesNeedingOcr: number } {
  const document = open(pdfium, fileName, bytes);
  const pagesTotal = pdfium.FPDF_GetPageCount(document);
  if (pagesTotal > limits.pages) {
    throw new Problem("too-large", `${fileName} has ${pagesTotal} pages; allowed are ${limits.pages}.`);
  }
  const lines: TextLine[] = [];
  let pagesNeedingOcr = 0;
  let characters = 0;
  for (let number = 1; number <= pagesTotal; number += 1) {
    const page = pdfium.FPDF_LoadPage(document, number - 1);
    const textPage = page === 0 ? 0 : pdfium.FPDFText_LoadPage(page);
    if (textPage === 0) throw damaged(fileName, new Error(`page ${number} cannot be read`));
    characters += pdfium.FPDFText_CountChars(textPage);
    if (characters > limits.characters) {
      throw new Problem("too-large", `${fileName} has more than ${limits.characters} characters of text.`);
    }
    const found = readLines(pdfium, textPage, number);
    const letters = found.reduce((sum, line) => sum + line.text.length, 0);
    if (letters < fewLetters && hasImages(pdfium, page)) pagesNeedingOcr += 1;
    else lines.push(...found);
    pdfium.FPDFText_ClosePage(textPage);
    pdfium.FPDF_ClosePage(page);
    if (number % progressEvery === 0) onProgress({ pages: number, pagesTotal });
  }
  const title = titleOf(pdfium, document);
  return { ...(title ? { title } : {}), blocks: toBlocks(lines), pages: pagesTotal, pagesNeedingOcr };
}

/** Bytes stay in the instance's memory as long as it, for PDFium reads them page by page. */
function open(pdfium: Pdfium, fileName: string, bytes: Uint8Array): number {
  const address = copyIn(pdfium, bytes);
  const document = pdfium.FPDF_LoadMemDocument(address, bytes.length, 0);
  if (document !== 0) return document;
  if (encryptedErrors.has(pdfium.FPDF_GetLastError())) {
    throw new Problem("unreadable-document", `${fileName} is encrypted. Send it without a password.`);
  }
  throw damaged(fileName);
}

function damaged(fileName: string, cause?: unknown): Problem {
  const reason = cause instanceof Error ? ` (${cause.message.replace(/\.$/, "").slice(0, 200)})` : "";
  return new Problem("unreadable-document", `${fileName} is damaged or cut off${reason}. Export it again.`, { cause });
}

/** Asked only of pages with almost no text. */
function hasImages(pdfium: Pdfium, page: number): boolean {
  const count = pdfium.FPDFPage_CountObjects(page);
  return anyImage(pdfium, count, (index) => pdfium.FPDFPage_GetObject(page, index), 0);
}

function anyImage(pdfium: Pdfium, count: number, objectAt: (index: number) => number, depth: number): boolean {
  for (let index = 0; index < count; index += 1) {
    const object = objectAt(index);
    const type = pdfium.FPDFPageObj_GetType(object);
    if (type === imageObject) return true;
    if (type !== formObject || depth === deepestForm) continue;
    const inside = pdfium.FPDFFormObj_CountObjects(object);
    if (anyImage(pdfium, inside, (at) => pdfium.FPDFFormObj_GetObject(object, at), depth + 1)) return true;
  }
  return false;
}

function titleOf(pdfium: Pdfium, document: number): string | undefined {
  const tag = copyIn(pdfium, new TextEncoder().encode("Title\0"));
  const size = pdfium.FPDF_GetMetaText(document, tag, 0, 0);
  if (size === 0) return undefined;
  const title = readUtf16(pdfium, size, (buffer) => pdfium.FPDF_GetMetaText(document, tag, buffer, size)).trim();
  return title === "" ? undefined : title;
}
