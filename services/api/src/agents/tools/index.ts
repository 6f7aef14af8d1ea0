import { readDocument } from "./read-document.ts";
import { searchKnowledgeBase } from "./search-knowledge-base.ts";
import type { Tool } from "./tool.ts";

/** Every tool there is; agents name the ones they may use. */
export const tools: readonly Tool[] = [searchKnowledgeBase, readDocument];
