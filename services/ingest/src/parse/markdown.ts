import type { Nodes } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { Problem } from "@ai-platform/core/errors.ts";
import type { ChunkMeta } from "@ai-platform/core/access/retriever.ts";
import type { Block } from "./content.ts";
import { readHtml } from "./html.ts";

const text = z.union([z.string(), z.number()]).transform(String);
const isoDate = z.iso.date();

/** Front matter that citations use; other keys are left alone. */
const frontMatterSchema = z.object({
  title: text.optional(),
  law: text.optional(),
  lawTitle: text.optional(),
  promulgation: text.optional(),
  inForceFrom: isoDate.optional(),
  inForceTo: isoDate.optional(),
  gazette: text.optional(),
});

const frontMatterPattern = /^---\n([\s\S]*?)\n---(?:\n|$)/;
/** The line under a table's header: the parser without the table extension gives tables as paragraphs. */
const tableRule = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const comment = /<!--[\s\S]*?-->/g;

/** Markdown blocks as written, with the facts of its YAML front matter. */
export function readMarkdown(fileName: string, source: string): { title?: string; meta: ChunkMeta; blocks: Block[] } {
  const frontMatter = frontMatterPattern.exec(source);
  const { title, ...facts } = parseFrontMatter(fileName, frontMatter?.[1]);
  const body = source.slice(frontMatter?.[0].length ?? 0);
  const blocks = fromMarkdown(body).children.flatMap((node) => toBlocks(node, body));
  const meta = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as ChunkMeta;
  return { ...(title ? { title } : {}), meta, blocks };
}

function parseFrontMatter(fileName: string, yaml: string | undefined): z.infer<typeof frontMatterSchema> {
  if (yaml === undefined) return {};
  const refuse = (reason: string, cause?: unknown) =>
    new Problem("unreadable-document", `The front matter of ${fileName} is not valid: ${reason}`, { cause });
  let data: unknown;
  try {
    data = parseYaml(yaml);
  } catch (cause) {
    throw refuse("it is not YAML.", cause);
  }
  const parsed = frontMatterSchema.safeParse(data ?? {});
  if (parsed.success) return parsed.data;
  throw refuse(parsed.error.issues.map((issue) => `\`${issue.path.join(".")}\` ${issue.message}`).join("; "));
}

function toBlocks(node: Nodes, source: string): Block[] {
  const written = source.slice(node.position?.start.offset, node.position?.end.offset).replace(comment, "").trim();
  if (written === "" || node.type === "thematicBreak" || node.type === "definition") return [];
  if (node.type === "heading") return [{ kind: "heading", level: node.depth, text: headingText(written) }];
  if (node.type === "html") return readHtml(written).blocks;
  const isTable = node.type === "paragraph" && tableRule.test(written.split("\n")[1] ?? "") && written.includes("|");
  return [{ kind: isTable ? "table" : "paragraph", text: written }];
}

/** A heading without its marks. */
function headingText(written: string): string {
  const line = written
    .replace(/^#+\s*/, "")
    .replace(/\s+#+$/, "")
    .replace(/\n[=-]+\s*$/, "");
  return line.replace(/[*`]|\b_|_\b/g, "").trim();
}
