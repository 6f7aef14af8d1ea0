import { parentPort, workerData } from "node:worker_threads";
import { Problem, type ProblemCode } from "@ai-platform/core/errors.ts";
import { chunkDocument } from "../chunk/chunk-document.ts";
import type { IngestLimits } from "../limits.ts";
import { readDocument } from "./read-document.ts";
import type { PageProgress, ParsedDocument, ParseInput } from "./parser.ts";

/** What the thread answers: any number of `progress`, then one of the others. */
export type ParseReply =
  | { readonly kind: "progress"; readonly progress: PageProgress }
  | { readonly kind: "parsed"; readonly document: ParsedDocument }
  | { readonly kind: "problem"; readonly code: ProblemCode; readonly detail: string };

const limits = workerData as IngestLimits;
const reply = (message: ParseReply) => parentPort?.postMessage(message);

parentPort?.on("message", (input: ParseInput) => {
  parse(input).catch((error: unknown) => {
    if (error instanceof Problem) reply({ kind: "problem", code: error.code, detail: error.message });
    else throw error;
  });
});

async function parse(input: ParseInput): Promise<void> {
  const content = await readDocument(input, limits, (progress) => reply({ kind: "progress", progress }));
  const document = await chunkDocument(content, { fileName: input.fileName, maxChunks: limits.chunks });
  reply({ kind: "parsed", document: { ...document, title: input.title ?? document.title } });
}
