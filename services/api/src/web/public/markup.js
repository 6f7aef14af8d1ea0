import { el } from "./dom.js";

const inline = /\*\*([^*]+)\*\*|`([^`\n]+)`|\[(\d{1,3})\]/g;

/**
 * The little markup answers use, as elements: paragraphs, lists, bold, code, and `[1]` as a button that opens source 1.
 * Everything else stays text.
 * @param {string} text
 * @param {(id: number) => HTMLElement | undefined} citation makes the button of a source; none where there is no such source
 */
export function renderAnswer(text, citation) {
  return text
    .split(/\n{2,}/)
    .filter((block) => block.trim() !== "")
    .flatMap((block) => renderBlock(block, citation));
}

function renderBlock(block, citation) {
  const groups = [];
  for (const line of block.split("\n")) {
    const item = /^\s*(?:[-*•]|\d{1,2}[.)])\s+(.*)$/.exec(line);
    const last = groups.at(-1);
    if (last && last.list === Boolean(item)) last.lines.push(item ? item[1] : line);
    else groups.push({ list: Boolean(item), lines: [item ? item[1] : line] });
  }
  return groups.map(({ list, lines }) =>
    list
      ? el("ul", { dir: "auto" }, ...lines.map((line) => el("li", {}, ...renderInline(line, citation))))
      : el("p", { dir: "auto" }, ...renderInline(lines.join(" "), citation)),
  );
}

function renderInline(text, citation) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(inline)) {
    nodes.push(text.slice(from, match.index));
    const [whole, bold, code, id] = match;
    if (bold !== undefined) nodes.push(el("strong", {}, bold));
    else if (code !== undefined) nodes.push(el("code", {}, code));
    else nodes.push(citation(Number(id)) ?? whole);
    from = match.index + whole.length;
  }
  nodes.push(text.slice(from));
  return nodes.filter((node) => node !== "");
}
