import type { Passage } from "@ai-platform/core/access/retriever.ts";

/** A passage with the number it is cited by. */
export interface Source {
  readonly id: number;
  readonly passage: Passage;
}

/** The passages a run has retrieved, numbered from 1 in the order they were first seen. */
export interface SourceBook {
  /** Numbers passages; one seen before keeps its number. */
  add(passages: readonly Passage[]): Source[];
  get(id: number): Source | undefined;
  all(): readonly Source[];
}

export function createSourceBook(): SourceBook {
  const sources: Source[] = [];
  const byChunk = new Map<string, Source>();
  return {
    add: (passages) =>
      passages.map((passage) => {
        const known = byChunk.get(passage.chunkId);
        if (known) return known;
        const source = { id: sources.length + 1, passage };
        sources.push(source);
        byChunk.set(passage.chunkId, source);
        return source;
      }),
    get: (id) => sources[id - 1],
    all: () => sources,
  };
}
