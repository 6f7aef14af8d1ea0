import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { defaultLimits } from "@ai-platform/ingest/limits.ts";
import { createParser } from "@ai-platform/ingest/parse/parser.ts";
import { textPdf } from "../support/pdf.ts";
import { printTable } from "./support.ts";

const files = 12;
const pagesPerFile = 40;

/** Where LangChain.js lies. It is no dependency of ours: with all it brings, it is larger than the platform. */
const langChainFolder = process.env.LANGCHAIN_FOLDER;
const howToInstall =
  "LangChain.js: skipped, LANGCHAIN_FOLDER is not set. To compare: npm install --prefix <folder> --legacy-peer-deps " +
  "@langchain/community @langchain/core @langchain/classic @langchain/textsplitters pdf-parse@1";

interface Measured {
  readonly pages: number;
  readonly chunks: number;
  readonly seconds: number;
}

/** Pages and chunks per second from PDF files to chunks, without embedding, beside LangChain.js on the same files. */
export async function benchIngest(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "aip-bench-"));
  try {
    const paths = Array.from({ length: files }, (_, index) => join(folder, `${index}.pdf`));
    const documents = await Promise.all(paths.map((_, index) => textPdf(pagesPerFile, 50, `mot${index}`)));
    await Promise.all(paths.map((path, index) => writeFile(path, documents[index] ?? "")));

    const workers = availableParallelism();
    const ours = await measureOurs(documents, 1);
    const rows = [{ reader: "ai-platform, 1 worker", ...ours }];
    if (workers > 1)
      rows.push({ reader: `ai-platform, ${workers} workers`, ...(await measureOurs(documents, workers)) });
    const theirs = langChainFolder ? await measureLangChain(langChainFolder, paths) : undefined;
    if (theirs) rows.push({ reader: "LangChain.js PDFLoader + splitter", ...theirs });
    else console.log(howToInstall);
    printTable(
      `PDF to chunks of 512 tokens: ${files} files of ${pagesPerFile} pages, no embedding`,
      rows.map(({ reader, pages, chunks, seconds }) => ({
        reader,
        pages,
        chunks,
        "pages/s": Math.round(pages / seconds),
        "chunks/s": Math.round(chunks / seconds),
        ...(theirs ? { "pages/s ratio": (pages / seconds / (theirs.pages / theirs.seconds)).toFixed(2) } : {}),
      })),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureOurs(documents: readonly Uint8Array[], workers: number): Promise<Measured> {
  const parsers = Array.from({ length: workers }, () => createParser(defaultLimits));
  const read = async (index: number, bytes: Uint8Array) =>
    parsers[index]?.parse({ fileName: "bench.pdf", mime: "application/pdf", bytes });
  // Threads and modules are loaded once per process, not once per document; LangChain.js gets the same warm-up.
  await Promise.all(parsers.map((_, index) => read(index, documents[0] ?? new Uint8Array())));
  const queue = documents.values();
  let pages = 0;
  let chunks = 0;
  const began = performance.now();
  await Promise.all(
    parsers.map(async (_, index) => {
      for (const bytes of queue) {
        const document = await read(index, bytes);
        pages += document?.pages ?? 0;
        chunks += document?.chunks.length ?? 0;
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(parsers.map((parser) => parser.close()));
  return { pages, chunks, seconds };
}

interface LangChainDocument {
  readonly pageContent: string;
}
interface PdfLoaderModule {
  readonly PDFLoader: new (path: string) => { load(): Promise<LangChainDocument[]> };
}
interface SplittersModule {
  readonly RecursiveCharacterTextSplitter: new (options: { chunkSize: number; chunkOverlap: number }) => {
    splitDocuments(documents: readonly LangChainDocument[]): Promise<LangChainDocument[]>;
  };
}

/** Their loader with their recommended splitter, which counts characters: four make about a token. */
async function measureLangChain(folder: string, paths: readonly string[]): Promise<Measured> {
  if (!existsSync(join(folder, "node_modules"))) throw new Error(`LANGCHAIN_FOLDER ${folder} has no node_modules`);
  const require = createRequire(join(folder, "bench.js"));
  const load = async (name: string): Promise<unknown> => import(pathToFileURL(require.resolve(name)).href);
  const { PDFLoader } = (await load("@langchain/community/document_loaders/fs/pdf")) as PdfLoaderModule;
  const { RecursiveCharacterTextSplitter } = (await load("@langchain/textsplitters")) as SplittersModule;
  const splitter = new RecursiveCharacterTextSplitter({ chunkSize: 2_048, chunkOverlap: 204 });
  await splitter.splitDocuments(await new PDFLoader(paths[0] ?? "").load());
  let pages = 0;
  let chunks = 0;
  const began = performance.now();
  for (const path of paths) {
    const loaded = await new PDFLoader(path).load();
    pages += loaded.length;
    chunks += (await splitter.splitDocuments(loaded)).length;
  }
  return { pages, chunks, seconds: (performance.now() - began) / 1000 };
}
