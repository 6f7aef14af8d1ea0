import { deflateSync } from "node:zlib";
import { PDFDocument, StandardFonts } from "pdf-lib";

/** A PDF with a heading and some lines on each page. */
export async function textPdf(pages: number, linesPerPage = 30, word = "conge"): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  for (let page = 1; page <= pages; page += 1) {
    const sheet = pdf.addPage([595, 842]);
    sheet.drawText(`Chapitre ${page}`, { x: 50, y: 790, size: 18, font });
    for (let line = 0; line < linesPerPage; line += 1) {
      const text = `Page ${page}, ligne ${line} : le ${word} est accorde par le chef de service sur demande ecrite.`;
      sheet.drawText(text, { x: 50, y: 760 - line * 14, size: 10, font });
    }
  }
  return pdf.save();
}

/** Pages that hold an image and no text, as scanners make them, after `textPages` with text. */
export async function scannedPdf(scans: number, textPages = 0): Promise<Uint8Array> {
  const pdf = await PDFDocument.load(await textPdf(textPages || 1));
  if (textPages === 0) pdf.removePage(0);
  const image = await pdf.embedPng(pixel);
  for (let scan = 0; scan < scans; scan += 1) {
    pdf.addPage([595, 842]).drawImage(image, { x: 0, y: 0, width: 595, height: 842 });
  }
  return pdf.save();
}

const pixel = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** So many empty pages that share one object: small in bytes, long in pages. */
export function manyPages(pages: number): Uint8Array {
  const kids = Array.from({ length: pages }, () => "3 0 R").join(" ");
  return rawPdf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${kids}] /Count ${pages} >>`,
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] >>",
  ]);
}

/**
 * Arabic as writers lay it out: glyphs from left to right in the order of the eye, a lam-alef as one of them.
 * Reads `المادة 39: الأخطاء المادة Code civil`.
 */
export function arabicPdf(): Uint8Array {
  const glyphs = "ة د ا م ل ء ط خ لأ".split(" ");
  const codes = glyphs.map((glyph, index) => {
    const units = Array.from(glyph, (letter) => letter.charCodeAt(0).toString(16).padStart(4, "0"));
    return `<${(0x61 + index).toString(16)}> <${units.join("")}>`;
  });
  const cmap = `/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def
1 begincodespacerange <00> <ff> endcodespacerange
${codes.length + 1} beginbfchar
<20> <0020>
${codes.join("\n")}
endbfchar endcmap end end`;
  const content = `BT /L 12 Tf 50 700 Td (Code civil ) Tj /A 12 Tf (abcdec fcghic) Tj /L 12 Tf ( :39 ) Tj /A 12 Tf (abcdec) Tj ET`;
  const stream = (text: string) => `<< /Length ${text.length} >>\nstream\n${text}\nendstream`;
  return rawPdf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /A 5 0 R /L 7 0 R >> >> >>",
    stream(content),
    "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /ToUnicode 6 0 R >>",
    stream(cmap),
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ]);
}

/** One page in Helvetica that this content stream draws, with the font as `/L`. */
export function drawnPdf(content: string): Uint8Array {
  return rawPdf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /L 5 0 R >> >> >>",
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ]);
}

/** A page of a few kilobytes whose content unfolds to so many `mebibytes`: deflated twice, since once gives 1:1000 at most. */
export function bombPdf(mebibytes: number): Uint8Array {
  const inner = deflateSync(Buffer.alloc(mebibytes * 1024 * 1024, " "), { level: 1 });
  const stream = deflateSync(inner, { level: 9 }).toString("latin1");
  return rawPdf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] /Contents 4 0 R >>",
    `<< /Length ${stream.length} /Filter [/FlateDecode /FlateDecode] >>\nstream\n${stream}\nendstream`,
  ]);
}

/** A PDF that says it is encrypted, by the standard handler with a user password nobody knows. */
export function encryptedPdf(): Uint8Array {
  const zeros = "00".repeat(32);
  return rawPdf(
    ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"],
    `/Encrypt << /Filter /Standard /V 1 /R 2 /O <${zeros}> /U <${zeros}> /P -4 >> /ID [<${zeros}> <${zeros}>]`,
  );
}

function rawPdf(objects: readonly string[], trailer = ""): Uint8Array {
  let body = "%PDF-1.4\n";
  const offsets = objects.map((object, index) => {
    const offset = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  const end = `trailer\n<< /Size ${size} /Root 1 0 R ${trailer} >>\nstartxref\n${body.length}\n%%EOF\n`;
  return Buffer.from(`${body}xref\n0 ${size}\n0000000000 65535 f \n${table}${end}`, "latin1");
}
