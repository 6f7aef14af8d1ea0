import { el } from "./dom.js";

const collapse = (text) => text.replace(/\s+/g, " ").trim();

/**
 * A passage as elements, tables as tables, with the quoted words marked. The words are text nodes, as everywhere.
 * @param {string} text
 * @param {string} [quote] as the answer cites it, with its line breaks taken out
 */
export function renderPassage(text, quote) {
  const blocks = text.split(/\n\s*\n/).filter((block) => block.trim() !== "");
  return blocks.flatMap((block) => {
    if (/^\s*\|/.test(block)) return renderTable(block, quote);
    if (/^#{1,6} /.test(block)) return block.split("\n").map((line) => el("h3", {}, line.replace(/^#+ /, "")));
    return renderText(block, quote);
  });
}

function renderText(block, quote) {
  const words = collapse(quote ?? "");
  // Only where the quote is in the block are its line breaks given up, so that lists and addresses keep theirs.
  const found = words === "" ? -1 : collapse(block).indexOf(words);
  if (found < 0) return el("p", {}, block);
  const line = collapse(block);
  return el("p", {}, line.slice(0, found), el("mark", {}, words), line.slice(found + words.length));
}

function renderTable(block, quote) {
  const rows = block
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("|") && !/^\|[\s:|-]+\|$/.test(line));
  const cells = (row) =>
    row
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => cell.trim());
  const [head = "", ...body] = rows;
  const renderRow = (row) => {
    const marked = collapse(row) === collapse(quote ?? "");
    const content = (cell) => (marked ? el("mark", {}, cell) : cell);
    return el("tr", {}, ...cells(row).map((cell) => el("td", { dir: "auto" }, content(cell))));
  };
  const heading = el("tr", {}, ...cells(head).map((cell) => el("th", { dir: "auto", scope: "col" }, cell)));
  return el("table", {}, el("thead", {}, heading), el("tbody", {}, ...body.map(renderRow)));
}
