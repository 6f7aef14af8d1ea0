/** What one document may cost. Every breach is a Problem that names the limit. */
export interface IngestLimits {
  /** Bytes of one PDF. @default 64 MiB */
  readonly pdfBytes: number;
  /** Bytes of one TXT, MD or HTML document. @default 16 MiB */
  readonly textBytes: number;
  /** Pages of one PDF. @default 5000 */
  readonly pages: number;
  /** Characters of extracted text, against compressed bombs. @default 64 Mi */
  readonly characters: number;
  /** Chunks of one document. @default 50000 */
  readonly chunks: number;
  /** Seconds one document may parse. @default 300 */
  readonly parseSeconds: number;
  /** MiB the parser may take on top of what the process uses. @default 768 */
  readonly parseMiB: number;
}

const mebi = 1024 * 1024;

export const defaultLimits: IngestLimits = {
  pdfBytes: 64 * mebi,
  textBytes: 16 * mebi,
  pages: 5_000,
  characters: 64 * mebi,
  chunks: 50_000,
  parseSeconds: 300,
  parseMiB: 768,
};

/** Largest body any kind of document may have: what uploads and downloads are cut off at. */
export function largestDocument(limits: IngestLimits): number {
  return Math.max(limits.pdfBytes, limits.textBytes);
}
