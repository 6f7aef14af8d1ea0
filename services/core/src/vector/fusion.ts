/** Rank constant of reciprocal rank fusion (Cormack et al., 2009). */
const rankConstant = 60;

/**
 * Merges ranked lists by reciprocal rank fusion, best first. Ranks only: the scores of different searches do not compare.
 * @param lists ids, best first; an id appears once in a list
 */
export function fuseRanks(lists: readonly (readonly string[])[], limit: number): string[] {
  const scores = new Map<string, number>();
  for (const list of lists) {
    list.forEach((id, rank) => scores.set(id, (scores.get(id) ?? 0) + 1 / (rankConstant + rank + 1)));
  }
  // Ties are broken by id, so that the same question gets the same order.
  return [...scores]
    .sort(([idA, a], [idB, b]) => b - a || (idA < idB ? -1 : 1))
    .slice(0, limit)
    .map(([id]) => id);
}
