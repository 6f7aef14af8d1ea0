import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { Problem } from "@ai-platform/core/errors.ts";
import { largestDocument, type IngestLimits } from "../limits.ts";
import { isReadableName } from "../parse/media-type.ts";
import type { SourceDocument, SourceItem } from "./source.ts";

/**
 * Documents of a file or folder, in the order of their names. Symbolic links are not followed, hidden files and
 * kinds that are not read are skipped with a word.
 * @throws Problem `not-found` or `unsupported-media` where the path itself cannot be read
 */
export async function* readFiles(path: string, limits: IngestLimits): AsyncGenerator<SourceItem> {
  const root = resolve(path);
  const found = await lstat(root).catch((cause: unknown) => {
    throw new Problem("not-found", `${path} is not there.`, { cause });
  });
  if (found.isSymbolicLink())
    throw new Problem("source-refused", `${path} is a symbolic link; give what it points to.`);
  if (found.isDirectory()) {
    yield* readFolder(root, root, limits);
    return;
  }
  if (!found.isFile()) throw new Problem("unsupported-media", `${path} is neither a file nor a folder.`);
  yield await readItem(`file:${basename(root)}`, root, limits);
}

async function* readFolder(folder: string, root: string, limits: IngestLimits): AsyncGenerator<SourceItem> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    // The folder's own name is part of the identity: two folders may each have a `README.md`.
    const source = `file:${[basename(root), ...relative(root, path).split(sep)].join("/")}`;
    const skip = (reason: string): SourceItem => ({ kind: "skipped", source, reason });
    if (entry.name.startsWith(".")) yield skip("hidden");
    else if (entry.isSymbolicLink()) yield skip("symbolic link");
    else if (entry.isDirectory()) yield* readFolder(path, root, limits);
    else if (!entry.isFile()) yield skip("not a file");
    else if (!isReadableName(entry.name)) yield skip("not PDF, TXT, MD or HTML");
    else yield await readItem(source, path, limits);
  }
}

async function readItem(source: string, path: string, limits: IngestLimits): Promise<SourceItem> {
  try {
    return { kind: "document", document: await readFileOnce(source, path, limits) };
  } catch (error) {
    if (error instanceof Problem) return { kind: "failed", source, problem: error };
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    const problem = new Problem("source-refused", `${path} cannot be read (${code}).`, { cause: error });
    return { kind: "failed", source, problem };
  }
}

/** Size and bytes come from one open file, which cannot be swapped for a link or grow in between. */
async function readFileOnce(source: string, path: string, limits: IngestLimits): Promise<SourceDocument> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    const allowed = largestDocument(limits);
    if (size > allowed) throw new Problem("too-large", `${path} has ${size} bytes; allowed are ${allowed}.`);
    if (size === 0) throw new Problem("unreadable-document", `${path} is empty.`);
    const bytes = new Uint8Array(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return { source, fileName: basename(path), bytes: bytes.subarray(0, bytesRead) };
  } finally {
    await file.close();
  }
}
