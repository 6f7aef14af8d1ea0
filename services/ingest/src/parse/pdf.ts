import { getDocumentProxy, getResolvedPDFJS } from "unpdf";
import { Problem } from "@ai-platform/core/errors.ts";
import type { IngestLimits } from "../limits.ts";
import type { Block } from "./content.ts";
import { toBlocks, type TextLine } from "./pdf-layout.ts";
import type { PageProgress } from "./parser.ts";

type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;
type PdfPage = Awaited<ReturnType<PdfDocument["getPage"]>>;

/** A page with fewer letters than this may be a scan. */
const fewLetters = 16;
/** Progress is told about once per so many pages. */
const progressEvery = 20;

/**
 * Text of a PDF, page by page. Runs in the parser thread: pdf.js is the part of the platform that reads the most
 * hostile bytes. It evaluates no code, loads nothing and draws nothing.
 */
export async function readPdf(
  fileName: string,
  bytes: Uint8Array,
  limits: IngestLimits,
  onProgress: (progress: PageProgress) => void,
): Promise<{ title?: string; blocks: Block[]; pages: number; pagesNeedingOcr: number }> {
  const document = await open(fileName, bytes);
  try {
    const pagesTotal = document.numPages;
    if (pagesTotal > limits.pages) {
      throw new Problem("too-large", `${fileName} has ${pagesTotal} pages; allowed are ${limits.pages}.`);
    }
    const lines: TextLine[] = [];
    let pagesNeedingOcr = 0;
    let characters = 0;
    for (let number = 1; number <= pagesTotal; number += 1) {
      const page = await document.getPage(number);
      const found = await readLines(page, number);
      const letters = found.reduce((sum, line) => sum + line.text.length, 0);
      characters += letters;
      if (characters > limits.characters) {
        throw new Problem("too-large", `${fileName} has more than ${limits.characters} characters of text.`);
      }
      if (letters < fewLetters && (await hasImages(page))) pagesNeedingOcr += 1;
      else lines.push(...found);
      page.cleanup();
      if (number % progressEvery === 0) onProgress({ pages: number, pagesTotal });
    }
    const title = await titleOf(document);
    return { ...(title ? { title } : {}), blocks: toBlocks(lines), pages: pagesTotal, pagesNeedingOcr };
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw unreadable(fileName, error);
  } finally {
    await document.loadingTask.destroy();
  }
}

async function open(fileName: string, bytes: Uint8Array): Promise<PdfDocument> {
  try {
    return await getDocumentProxy(new Uint8Array(bytes), {
      disableFontFace: true,
      useSystemFonts: false,
      stopAtErrors: true,
      verbosity: 0,
    });
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException") {
      const detail = `${fileName} is encrypted. Send it without a password.`;
      throw new Problem("unreadable-document", detail, { cause: error });
    }
    throw unreadable(fileName, error);
  }
}

function unreadable(fileName: string, cause: unknown): Problem {
  const reason = cause instanceof Error ? ` (${cause.message.replace(/\.$/, "").slice(0, 200)})` : "";
  return new Problem("unreadable-document", `${fileName} is damaged or cut off${reason}. Export it again.`, { cause });
}

async function readLines(page: PdfPage, number: number): Promise<TextLine[]> {
  const { items } = await page.getTextContent();
  const lines: TextLine[] = [];
  let text = "";
  let height = 0;
  let y = 0;
  const flush = () => {
    if (text.trim() !== "") lines.push({ text: text.trim(), height, y, page: number });
    text = "";
    height = 0;
  };
  for (const item of items) {
    if (!("str" in item)) continue;
    if (text === "") y = Number(item.transform[5]);
    text += item.str;
    if (item.str.trim() !== "") height = Math.max(height, item.height);
    if (item.hasEOL) flush();
  }
  flush();
  return lines;
}

/** Asked only of pages with almost no text, for it makes pdf.js read the page's drawing. */
async function hasImages(page: PdfPage): Promise<boolean> {
  const { OPS } = await getResolvedPDFJS();
  const images = new Set<number>([OPS.paintImageXObject, OPS.paintInlineImageXObject, OPS.paintImageMaskXObject]);
  const { fnArray } = await page.getOperatorList();
  return fnArray.some((operation) => images.has(operation));
}

async function titleOf(document: PdfDocument): Promise<string | undefined> {
  const { info } = await document.getMetadata().catch(() => ({ info: {} }));
  const title = (info as { Title?: unknown }).Title;
  return typeof title === "string" && title.trim() !== "" ? title.trim() : undefined;
}
