import type { RightsRecord, Retriever } from "@ai-platform/core/access/retriever.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import type { AgentDefinition, AnswerLanguage } from "./agent.ts";
import type { Emit } from "./events.ts";
import { createSourceBook, type Source, type SourceBook } from "./sources.ts";

/** What one run knows: who asks, in which words, what was retrieved for it and under which rights. */
export interface RunContext {
  readonly runId: string;
  readonly agent: AgentDefinition;
  readonly caller: VerifiedCaller;
  readonly question: string;
  /** The question as it is searched for: with the one before it where it is too short to stand alone. */
  readonly searchText: string;
  readonly language: AnswerLanguage;
  readonly retriever: Retriever;
  readonly sources: SourceBook;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Rights of the searches so far, drops summed; `null` before the first. */
  rights: RightsRecord | null;
}

export function createRunContext(given: Omit<RunContext, "sources" | "rights">): RunContext {
  return { ...given, sources: createSourceBook(), rights: null };
}

/** Searches with the caller's rights, in the agent's collections only, and numbers what is found. */
export async function searchSources(
  run: RunContext,
  query: string,
  limit: number,
  signal = run.signal,
): Promise<Source[]> {
  const { passages, rights } = await run.retriever.search(
    run.caller,
    { query, limit, collections: run.agent.collections },
    signal,
  );
  run.rights = { ...rights, dropped: rights.dropped + (run.rights?.dropped ?? 0) };
  return run.sources.add(passages);
}
