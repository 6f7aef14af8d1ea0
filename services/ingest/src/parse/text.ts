import { Problem } from "@ai-platform/core/errors.ts";
import type { Block } from "./content.ts";

/**
 * Decodes UTF-8, or UTF-16 that says so by its byte order mark.
 * @throws Problem `unreadable-document` for anything else: guessing an encoding would index gibberish
 */
export function decodeText(fileName: string, bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Problem("unreadable-document", `${fileName} is not valid ${encoding.toUpperCase()}. Save it as UTF-8.`, {
      cause,
    });
  }
}

/** Plain text: paragraphs are what blank lines part. */
export function readPlainText(text: string): Block[] {
  return text
    .split(/\n[^\S\n]*\n\s*/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== "")
    .map((paragraph) => ({ kind: "paragraph", text: paragraph }));
}
