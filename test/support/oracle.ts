import type { World, WorldDocument, WorldUser, Who } from "./world.ts";

/** Groups a user is in, directly or through other groups. */
function groupsOf(world: World, user: WorldUser): Set<number> {
  const groups = new Set(user.groups);
  for (const group of groups) for (const [child, parent] of world.nesting) if (child === group) groups.add(parent);
  return groups;
}

/** Whether a user is meant by an entry of an ACL. */
function isMeant(world: World, user: WorldUser, who: Who): boolean {
  if (who === "all") return true;
  if ("user" in who) return world.users[who.user % world.users.length] === user;
  if ("group" in who) return groupsOf(world, user).has(who.group);
  if ("role" in who) return user.roles.includes(who.role);
  return user.department === who.department;
}

/** Who may read what, said again without the platform's code: the measure its answers are held against. */
export function mayRead(world: World, user: WorldUser, document: WorldDocument): boolean {
  if (document.state !== "live" || document.acl === undefined || document.tenant !== user.tenant) return false;
  const { allow, deny, level } = document.acl;
  return (
    level <= user.clearance &&
    allow.some((who) => isMeant(world, user, who)) &&
    !deny.some((who) => isMeant(world, user, who))
  );
}
