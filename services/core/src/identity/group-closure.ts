import { Problem } from "../errors.ts";

/** `child` is a member of `parent`. */
export interface GroupEdge {
  readonly child: string;
  readonly parent: string;
}

/** Levels of groups in groups. Deeper nesting is refused, never cut off: a cut would take or give rights unseen. */
export const maxGroupDepth = 16;
/** Groups one user may be in, nested ones included; every search carries them all. */
export const maxGroupsPerUser = 512;

/**
 * The groups given and every group they are in, directly or not.
 * @throws Problem `invalid-request` for a circle, or for nesting deeper than {@link maxGroupDepth}
 */
export function ancestorsOf(start: readonly string[], edges: readonly GroupEdge[]): Set<string> {
  const parents = Map.groupBy(edges, (edge) => edge.child);
  const depths = new Map<string, number>();

  /** Levels above a group, itself included. */
  function depthOf(group: string, path: readonly string[]): number {
    if (path.includes(group)) throw new Problem("invalid-request", "The groups would contain each other in a circle.");
    const known = depths.get(group);
    if (known !== undefined) return known;
    const above = (parents.get(group) ?? []).map((edge) => depthOf(edge.parent, [...path, group]));
    const depth = 1 + Math.max(0, ...above);
    if (depth > maxGroupDepth) {
      throw new Problem("invalid-request", `Groups may be nested ${maxGroupDepth} deep; this would be deeper.`);
    }
    depths.set(group, depth);
    return depth;
  }

  for (const group of start) depthOf(group, []);
  return new Set(depths.keys());
}
