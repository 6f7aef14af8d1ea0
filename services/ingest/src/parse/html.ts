import * as cheerio from "cheerio";
import type { AnyNode, Element } from "domhandler";
import type { Block } from "./content.ts";

/** What is not the text of the page: code, navigation, and everything a reader cannot see. */
const notContent =
  "script,style,noscript,template,svg,iframe,object,nav,footer,aside,form,button,dialog,head,[hidden],[aria-hidden='true']";
const hiddenStyle =
  /display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])|font-size\s*:\s*0(?![.\d])|(?:left|top|text-indent)\s*:\s*-\d{3,}/i;
const blockElements = new Set(
  "address article blockquote body dd details div dl dt fieldset figcaption figure h1 h2 h3 h4 h5 h6 header hr html li main ol p pre section table td th tr ul".split(
    " ",
  ),
);

/** Text of a page's main content, in blocks. */
export function readHtml(source: string): { title?: string; blocks: Block[] } {
  const $ = cheerio.load(source);
  const title = ($("title").first().text() || $("h1").first().text()).replace(/\s+/g, " ").trim();
  $(notContent).remove();
  $("[style]").each((_, element) => {
    if (hiddenStyle.test($(element).attr("style") ?? "")) $(element).remove();
  });
  const main = $("main,[role='main']").first();
  const article = $("article");
  const root = main.length > 0 ? main : article.length === 1 ? article : $("body");
  return { ...(title ? { title } : {}), blocks: collectBlocks($, root.get(0)) };
}

/** Addresses a page links to. */
export function readLinks(source: string, base: string): string[] {
  const $ = cheerio.load(source);
  const links = $("a[href]")
    .map((_, element) => $(element).attr("href"))
    .get();
  return links.flatMap((link) => (URL.canParse(link, base) ? [new URL(link, base).href] : []));
}

/** Walks the tree with a stack of its own: pages can nest deeper than calls can. */
function collectBlocks($: cheerio.CheerioAPI, root: AnyNode | undefined): Block[] {
  const blocks: Block[] = [];
  let line = "";
  const flush = () => {
    const text = line
      .replace(/[^\S\n]+/g, " ")
      .replace(/ ?\n ?/g, "\n")
      .trim();
    if (text !== "") blocks.push({ kind: "paragraph", text });
    line = "";
  };
  const stack: (AnyNode | "end of block")[] = root ? [root] : [];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node === "end of block") {
      flush();
    } else if (node.nodeType === 3) {
      line += inPre(node) ? node.data : node.data.replace(/\s+/g, " ");
    } else if ("children" in node) {
      const name = node.nodeType === 1 ? node.name : "";
      if (name === "br") line += "\n";
      if (name === "table" || /^h[1-6]$/.test(name)) {
        flush();
        const block = name === "table" ? tableBlock($, node as Element) : headingBlock($, node as Element);
        if (block.text !== "") blocks.push(block);
        continue;
      }
      if (blockElements.has(name)) {
        flush();
        stack.push("end of block");
      }
      for (let index = node.children.length - 1; index >= 0; index -= 1) stack.push(node.children[index] as AnyNode);
    }
  }
  flush();
  return blocks;
}

function inPre(node: AnyNode): boolean {
  return node.parent?.nodeType === 1 && node.parent.name === "pre";
}

function headingBlock($: cheerio.CheerioAPI, element: Element): Block {
  return { kind: "heading", level: Number(element.name[1]), text: oneLine($(element).text()) };
}

function tableBlock($: cheerio.CheerioAPI, table: Element): Block {
  const rows = $(table)
    .find("tr")
    .map((_, row) => {
      const cells = $(row).children("td,th");
      return cells
        .map((__, cell) => oneLine($(cell).text()))
        .get()
        .join(" | ");
    })
    .get();
  return { kind: "table", text: rows.filter((row) => row.replace(/[ |]/g, "") !== "").join("\n") };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
