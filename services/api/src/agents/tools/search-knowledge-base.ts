import { z } from "zod";
import { searchSources } from "../run-context.ts";
import { passageIds, passagesSchema, toPassages } from "./passages.ts";
import { defineTool } from "./tool.ts";

/** Finds passages in the agent's collections that the caller may read. */
export const searchKnowledgeBase = defineTool({
  name: "search_knowledge_base",
  description:
    "Finds passages of the company's documents that the person asking may read. Write the query in the language of the documents, with the words they would use. An empty list means that nothing was found.",
  input: z.strictObject({
    query: z.string().trim().min(1).max(1_000).describe("What to look for"),
    limit: z.int().min(1).max(12).default(6).describe("Most passages to return"),
  }),
  output: passagesSchema,
  effect: "read",
  permission: "agents:ask",
  timeout: 20_000,
  maxOutputBytes: 48_000,
  execute: async ({ query, limit }, run, signal) => toPassages(await searchSources(run, query, limit, signal)),
  sources: passageIds,
});
