import { v5 as uuidv5 } from "uuid";

/** Namespace of chunk ids; changing it would orphan every indexed point. */
const namespace = "6f0d3c2e-9a55-5c1c-8f52-0b1f6a1f7f10";

/** The same place in the same version always gets the same id, so that indexing it twice overwrites. */
export function chunkId(documentId: string, version: number, ordinal: number): string {
  return uuidv5(`${documentId}/${version}/${ordinal}`, namespace);
}
