import { constants, type Dirent } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { Problem } from "@ai-platform/core/errors.ts";
import { largestDocument, type IngestLimits } from "../limits.ts";
import { isReadableName } from "../parse/media-type.ts";
import type { Source, SourceDocument, SourceItem } from "./source.ts";

/** A place in a folder: a file to read, or why it is not read. */
interface Entry {
  readonly source: string;
  readonly path: string;
  readonly skip?: string;
}

/**
 * Documents of a file or folder, in the order of their names. Symbolic links are not followed, hidden files and
 * kinds that are not read are skipped with a word.
 * @throws Problem `not-found` or `source-refused` where the path itself cannot be read
 */
export async function openFiles(path: string, limits: IngestLimits): Promise<Source> {
  const root = resolve(path);
  const found = await lstat(root).catch((cause: unknown) => {
    throw new Problem("not-found", `${path} is not there.`, { cause });
  });
  if (found.isSymbolicLink())
    throw new Problem("source-refused", `${path} is a symbolic link; give what it points to.`);
  if (!found.isDirectory() && !found.isFile()) throw new Problem("source-refused", `${path} is no file and no folder.`);
  const entries = found.isFile() ? [{ source: `file:${basename(root)}`, path: root }] : await listFolder(root, root);
  return { total: entries.length, items: readEntries(entries, limits) };
}

async function listFolder(folder: string, root: string): Promise<Entry[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const listed: Entry[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    // The folder's own name is part of the identity: two folders may each have a `README.md`.
    const source = `file:${[basename(root), ...relative(root, path).split(sep)].join("/")}`;
    if (entry.isDirectory() && !entry.name.startsWith(".")) listed.push(...(await listFolder(path, root)));
    else listed.push({ source, path, ...skipReason(entry) });
  }
  return listed;
}

function skipReason(entry: Dirent): { skip?: string } {
  if (entry.name.startsWith(".")) return { skip: "hidden" };
  if (entry.isSymbolicLink()) return { skip: "symbolic link" };
  if (!entry.isFile()) return { skip: "not a file" };
  return isReadableName(entry.name) ? {} : { skip: "not PDF, TXT, MD or HTML" };
}

async function* readEntries(entries: readonly Entry[], limits: IngestLimits): AsyncGenerator<SourceItem> {
  for (const { source, path, skip } of entries) {
    if (skip === undefined) yield await readItem(source, path, limits);
    else yield { kind: "skipped", source, reason: skip };
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
