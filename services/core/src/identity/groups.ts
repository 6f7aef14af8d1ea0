import { randomUUID } from "node:crypto";
import { and, eq, inArray, isNotNull, sql } from "drizzle-orm";
import { principalSchema } from "../access/model.ts";
import type { Db } from "../db/database.ts";
import { groupMembers, groups, userGroups, users } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";
import { ancestorsOf, maxGroupsPerUser, type GroupEdge } from "./group-closure.ts";

export interface NewGroup {
  readonly tenant: string;
  /** Directory the group comes from, such as `local` or `entra`. */
  readonly source: string;
  /** The directory's stable id, not its name: two groups may share a name. */
  readonly externalId: string;
  readonly name: string;
}

export type GroupMember = { readonly userId: string } | { readonly groupId: string };

/** Creates a group and returns its id. Its principal is `group:<source>:<externalId>`, case-folded. */
export async function createGroup(db: Db, group: NewGroup): Promise<string> {
  const principal = principalSchema.safeParse(`group:${group.source}:${group.externalId}`);
  if (!principal.success) {
    throw new Problem("invalid-request", "A group needs a source of a-z 0-9 . _ - and an id without spaces or colons.");
  }
  const [, source = "", externalId = ""] = principal.data.split(":");
  const [created] = await db
    .insert(groups)
    .values({ ...group, id: randomUUID(), source, externalId })
    .onConflictDoNothing()
    .returning({ id: groups.id });
  if (!created) throw new Problem("conflict", `The group ${principal.data} exists already.`);
  return created.id;
}

/**
 * Puts a user or a group into a group and brings the closure of everybody concerned up to date.
 * @throws Problem `invalid-request` where that closes a circle or goes beyond the caps; nothing is changed then
 */
export async function addMember(db: Db, groupId: string, member: GroupMember): Promise<void> {
  await changeMembership(db, groupId, member, async (tx, row) => {
    await tx.insert(groupMembers).values(row).onConflictDoNothing();
  });
}

/** Takes a member out of a group; the rights are gone when this returns. */
export async function removeMember(db: Db, groupId: string, member: GroupMember): Promise<void> {
  await changeMembership(db, groupId, member, async (tx, row) => {
    const isMember =
      row.memberUserId === null
        ? eq(groupMembers.memberGroupId, row.memberGroupId)
        : eq(groupMembers.memberUserId, row.memberUserId);
    await tx.delete(groupMembers).where(and(eq(groupMembers.groupId, groupId), isMember));
  });
}

type MemberRow =
  | { readonly groupId: string; readonly memberUserId: string; readonly memberGroupId: null }
  | { readonly groupId: string; readonly memberUserId: null; readonly memberGroupId: string };

async function changeMembership(
  db: Db,
  groupId: string,
  member: GroupMember,
  change: (tx: Db, row: MemberRow) => Promise<void>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const tenant = await tenantOf(tx, groupId, member);
    // Two changes at once would each compute a closure without the other's edge.
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${`groups:${tenant}`}))`);
    const row: MemberRow =
      "userId" in member
        ? { groupId, memberUserId: member.userId, memberGroupId: null }
        : { groupId, memberUserId: null, memberGroupId: member.groupId };
    await change(tx, row);
    const edges = await groupEdges(tx, tenant);
    await rewriteClosures(tx, edges, await usersBelow(tx, edges, member));
  });
}

async function tenantOf(tx: Db, groupId: string, member: GroupMember): Promise<string> {
  const [group] = await tx.select({ tenant: groups.tenant }).from(groups).where(eq(groups.id, groupId));
  const [other] =
    "userId" in member
      ? await tx.select({ tenant: users.tenant }).from(users).where(eq(users.id, member.userId))
      : await tx.select({ tenant: groups.tenant }).from(groups).where(eq(groups.id, member.groupId));
  if (!group || other?.tenant !== group.tenant) {
    throw new Problem("not-found", "The group or the member does not exist in this tenant.");
  }
  return group.tenant;
}

/** Which group is in which, for a tenant. */
async function groupEdges(tx: Db, tenant: string): Promise<GroupEdge[]> {
  const rows = await tx
    .select({ child: groupMembers.memberGroupId, parent: groupMembers.groupId })
    .from(groupMembers)
    .innerJoin(groups, eq(groups.id, groupMembers.groupId))
    .where(and(eq(groups.tenant, tenant), isNotNull(groupMembers.memberGroupId)));
  return rows.flatMap(({ child, parent }) => (child === null ? [] : [{ child, parent }]));
}

/** Users whose groups change with the member: itself, or everybody in it and in the groups below it. */
async function usersBelow(tx: Db, edges: readonly GroupEdge[], member: GroupMember): Promise<string[]> {
  if ("userId" in member) return [member.userId];
  const below = new Set([member.groupId]);
  for (const group of below) for (const edge of edges) if (edge.parent === group) below.add(edge.child);
  const rows = await tx
    .selectDistinct({ userId: groupMembers.memberUserId })
    .from(groupMembers)
    .where(and(inArray(groupMembers.groupId, [...below]), isNotNull(groupMembers.memberUserId)));
  // A circle or too deep a nesting is refused even while nobody is in it.
  for (const group of below) ancestorsOf([group], edges);
  return rows.flatMap(({ userId }) => (userId === null ? [] : [userId]));
}

async function rewriteClosures(tx: Db, edges: readonly GroupEdge[], userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  const direct = await tx
    .select({ userId: groupMembers.memberUserId, groupId: groupMembers.groupId })
    .from(groupMembers)
    .where(inArray(groupMembers.memberUserId, [...userIds]));
  await tx.delete(userGroups).where(inArray(userGroups.userId, [...userIds]));
  for (const userId of userIds) {
    const own = direct.filter((row) => row.userId === userId).map((row) => row.groupId);
    const closure = [...ancestorsOf(own, edges)];
    if (closure.length > maxGroupsPerUser) {
      throw new Problem(
        "invalid-request",
        `A user would be in ${closure.length} groups; ${maxGroupsPerUser} are allowed. Nest fewer groups.`,
      );
    }
    if (closure.length > 0) await tx.insert(userGroups).values(closure.map((groupId) => ({ userId, groupId })));
  }
}
