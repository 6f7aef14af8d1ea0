import { readFile } from "node:fs/promises";
import { PDFiumModule } from "@hyzyla/pdfium";

/**
 * The functions of PDFium that reading takes, by the names and arguments of `fpdfview.h`, `fpdf_doc.h`, `fpdf_edit.h`
 * and `fpdf_text.h`. Objects and addresses are numbers, and 0 is none.
 */
export interface Pdfium {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(address: number): void;
  FPDF_InitLibrary(): void;
  FPDF_LoadMemDocument(address: number, bytes: number, password: number): number;
  FPDF_GetLastError(): number;
  FPDF_GetPageCount(document: number): number;
  FPDF_GetMetaText(document: number, tag: number, buffer: number, bytes: number): number;
  FPDF_LoadPage(document: number, index: number): number;
  FPDF_ClosePage(page: number): void;
  FPDFPage_CountObjects(page: number): number;
  FPDFPage_GetObject(page: number, index: number): number;
  FPDFPageObj_GetType(object: number): number;
  FPDFFormObj_CountObjects(form: number): number;
  FPDFFormObj_GetObject(form: number, index: number): number;
  FPDFText_LoadPage(page: number): number;
  FPDFText_ClosePage(textPage: number): void;
  FPDFText_CountChars(textPage: number): number;
  FPDFText_GetUnicode(textPage: number, index: number): number;
  FPDFText_GetFontSize(textPage: number, index: number): number;
  FPDFText_GetMatrix(textPage: number, index: number, matrix: number): number;
  FPDFText_GetCharOrigin(textPage: number, index: number, x: number, y: number): number;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * PDFium in a memory of its own. Made anew for each document: what a hostile one does to it ends with that document,
 * and memory that WebAssembly took is only given back as a whole.
 */
export async function openPdfium(): Promise<Pdfium> {
  compiled ??= readFile(new URL(import.meta.resolve("@hyzyla/pdfium/pdfium.wasm"))).then((bytes) =>
    WebAssembly.compile(bytes),
  );
  const module = await compiled;
  const { wasmExports } = await PDFiumModule({
    instantiateWasm: (imports, receive) => {
      const instance = new WebAssembly.Instance(module, imports);
      // The package's type says module; its code takes the instance.
      receive(instance as unknown as WebAssembly.Module);
      return instance.exports;
    },
  });
  const pdfium = wasmExports as unknown as Pdfium;
  pdfium.FPDF_InitLibrary();
  return pdfium;
}

/** Bytes in PDFium's memory, until its end or `free`. */
export function copyIn(pdfium: Pdfium, bytes: Uint8Array): number {
  const address = allocate(pdfium, bytes.length);
  new Uint8Array(pdfium.memory.buffer).set(bytes, address);
  return address;
}

/** Text that PDFium writes into a buffer of so many bytes, as UTF-16 with a zero at its end; it tells its bytes. */
export function readUtf16(pdfium: Pdfium, bytes: number, write: (buffer: number) => number): string {
  const buffer = allocate(pdfium, bytes);
  const written = Math.max(write(buffer) - 2, 0);
  const text = Buffer.from(pdfium.memory.buffer, buffer, written).toString("utf16le");
  pdfium.free(buffer);
  return text;
}

function allocate(pdfium: Pdfium, bytes: number): number {
  const address = pdfium.malloc(bytes);
  if (address === 0) throw new Error(`no ${bytes} bytes of memory left`);
  return address;
}
