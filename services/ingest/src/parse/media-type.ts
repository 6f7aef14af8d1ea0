import { extname } from "node:path";
import { Problem } from "@ai-platform/core/errors.ts";

/** What is read, by the extension that says so. */
const mediaTypes: Readonly<Record<string, string>> = {
  ".pdf": "application/pdf",
  ".txt": "text/plain",
  ".md": "text/markdown",
  ".markdown": "text/markdown",
  ".html": "text/html",
  ".htm": "text/html",
};

/** First bytes of kinds of files that people rename: what a text file must not begin with. */
const binarySignatures: readonly (readonly [string, readonly number[]])[] = [
  ["a PDF", [0x25, 0x50, 0x44, 0x46, 0x2d]],
  ["a ZIP or Office file", [0x50, 0x4b, 0x03, 0x04]],
  ["an old Office file", [0xd0, 0xcf, 0x11, 0xe0]],
  ["a PNG image", [0x89, 0x50, 0x4e, 0x47]],
  ["a JPEG image", [0xff, 0xd8, 0xff]],
  ["a GIF image", [0x47, 0x49, 0x46, 0x38]],
  ["a gzip archive", [0x1f, 0x8b]],
  ["a 7z archive", [0x37, 0x7a, 0xbc, 0xaf]],
  ["a Windows program", [0x4d, 0x5a]],
  ["a Linux program", [0x7f, 0x45, 0x4c, 0x46]],
];

/** Whether a file's name says that we read it. */
export function isReadableName(fileName: string): boolean {
  return extname(fileName).toLowerCase() in mediaTypes;
}

/**
 * Media type by extension, or by a web server's word for pages, and only where the bytes bear it out.
 * @throws Problem `unsupported-media`
 */
export function mediaTypeOf(fileName: string, bytes: Uint8Array, contentType?: string): string {
  const mime = contentType === undefined ? mediaTypes[extname(fileName).toLowerCase()] : baseType(contentType);
  if (mime === undefined || !Object.values(mediaTypes).includes(mime)) {
    const got = contentType ?? (extname(fileName) || "no extension");
    throw new Problem("unsupported-media", `${fileName} is not read: got ${got}; allowed are PDF, TXT, MD and HTML.`);
  }
  const signature = binarySignatures.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte))?.[0];
  if (mime === "application/pdf" ? signature !== "a PDF" : signature !== undefined) {
    const found = signature ?? "no PDF";
    throw new Problem("unsupported-media", `${fileName} is named as ${mime}, but its bytes are ${found}.`);
  }
  return mime;
}

function baseType(contentType: string): string {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/xhtml+xml") return "text/html";
  return type === "text/x-markdown" ? "text/markdown" : type;
}
