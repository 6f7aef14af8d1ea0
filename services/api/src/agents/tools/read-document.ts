import { z } from "zod";
import { passageIds, passagesSchema, toPassages } from "./passages.ts";
import { defineTool, ToolError } from "./tool.ts";

/**
 * Reads more of a document a passage came from. It takes the number of a passage and not a document id, so that
 * neither a model nor a text it has read can name a document the search did not bring.
 */
export const readDocument = defineTool({
  name: "read_document",
  description: "Reads the parts of a document around a passage you were given, in order.",
  input: z.strictObject({
    passage: z.int().min(1).describe("Number of a passage of the document"),
    from: z.int().min(0).optional().describe("First part to read; default: shortly before the passage"),
    count: z.int().min(1).max(10).default(5).describe("Most parts to return"),
  }),
  output: passagesSchema,
  effect: "read",
  permission: "agents:ask",
  timeout: 20_000,
  maxOutputBytes: 48_000,
  async execute({ passage: id, from, count }, run) {
    const source = run.sources.get(id);
    if (!source) throw new ToolError("not-found", `there is no passage ${id}; search first`);
    const { documentId, ordinal } = source.passage;
    const parts = await run.retriever.read(run.caller, documentId, {
      from: from ?? Math.max(0, ordinal - 2),
      limit: count,
    });
    return toPassages(run.sources.add(parts));
  },
  sources: passageIds,
});
