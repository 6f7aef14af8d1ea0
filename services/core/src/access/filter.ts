import type { VerifiedCaller } from "../identity/caller.ts";

/** One condition on a chunk's payload, in terms every store can express. */
export type AccessClause =
  | { readonly field: "tenant"; readonly is: string }
  | { readonly field: "level"; readonly atMost: number }
  | { readonly field: "allow"; readonly anyOf: readonly string[] }
  | { readonly field: "deny"; readonly noneOf: readonly string[] };

/** All clauses must hold. Adapters translate clauses one by one and add no rule of their own. */
export interface AccessFilter {
  readonly clauses: readonly AccessClause[];
}

/**
 * The rights of a caller as a filter; `undefined` where they can read nothing, and then no query is sent.
 * Called by the Retriever and by nothing else.
 */
export function buildAccessFilter(caller: VerifiedCaller): AccessFilter | undefined {
  if (caller.principals.length === 0) return undefined;
  return {
    clauses: [
      { field: "tenant", is: caller.tenant },
      { field: "level", atMost: caller.clearance },
      { field: "allow", anyOf: caller.principals },
      { field: "deny", noneOf: caller.principals },
    ],
  };
}
