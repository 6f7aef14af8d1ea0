import { randomUUID } from "node:crypto";
import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { groupMembers, groups, userGroups } from "@ai-platform/core/db/schema/index.ts";
import { addMember, createGroup, removeMember } from "@ai-platform/core/identity/directory.ts";
import {
  ancestorsOf,
  maxGroupDepth,
  maxGroupsPerUser,
  type GroupEdge,
} from "@ai-platform/core/identity/group-closure.ts";
import { eq } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestIdentity, type TestIdentity } from "../../../support/identity.ts";

let database: Database;
let identity: TestIdentity;
beforeAll(async () => {
  database = await openEmbedded();
  identity = await createTestIdentity(database.db);
});
afterAll(() => database.close());

const newGroup = (externalId: string) =>
  createGroup(database.db, { tenant: identity.tenant, source: "test", externalId, name: externalId });
const groupsOf = async (userId: string) =>
  (await database.db.select().from(userGroups).where(eq(userGroups.userId, userId)))
    .map(({ groupId }) => groupId)
    .sort();

describe("the closure", () => {
  it("of any tree of groups is what walking up finds", () => {
    // Group n is only ever inside groups with a smaller number, so there is no circle.
    const edges = fc
      .array(fc.tuple(fc.nat(12), fc.nat(12)), { maxLength: 30 })
      .map((pairs) => pairs.filter(([one, other]) => one !== other))
      .map((pairs) =>
        pairs.map(([one, other]): GroupEdge => ({
          child: `g${Math.max(one, other)}`,
          parent: `g${Math.min(one, other)}`,
        })),
      );
    fc.assert(
      fc.property(edges, fc.nat(12), (given, start) => {
        const found = new Set([`g${start}`]);
        for (let size = 0; size < found.size;) {
          size = found.size;
          for (const { child, parent } of given) if (found.has(child)) found.add(parent);
        }
        expect(ancestorsOf([`g${start}`], given)).toEqual(found);
      }),
    );
  });

  it("refuses circles and nesting beyond the cap", () => {
    const chain = (length: number): GroupEdge[] =>
      Array.from({ length }, (_, level) => ({ child: `g${level}`, parent: `g${level + 1}` }));
    expect(ancestorsOf(["g0"], chain(maxGroupDepth - 1)).size).toBe(maxGroupDepth);
    expect(() => ancestorsOf(["g0"], chain(maxGroupDepth))).toThrow("deep");
    expect(() => ancestorsOf(["g0"], [...chain(2), { child: "g2", parent: "g0" }])).toThrow("circle");
  });
});

describe("membership", () => {
  it("reaches through nested groups, for those who are in them already too", async () => {
    const [inner, outer] = [await newGroup("inner"), await newGroup("outer")];
    const early = await identity.user();
    await addMember(database.db, inner, { userId: early });
    await addMember(database.db, outer, { groupId: inner });
    const late = await identity.user();
    await addMember(database.db, inner, { userId: late });
    for (const userId of [early, late]) expect(await groupsOf(userId)).toEqual([inner, outer].sort());
    await removeMember(database.db, outer, { groupId: inner });
    for (const userId of [early, late]) expect(await groupsOf(userId)).toEqual([inner]);
    await removeMember(database.db, inner, { userId: early });
    expect(await groupsOf(early)).toEqual([]);
  });

  it("is refused whole when it closes a circle or reaches the cap", async () => {
    const [one, two] = [await newGroup("one"), await newGroup("two")];
    await addMember(database.db, one, { groupId: two });
    await expect(addMember(database.db, two, { groupId: one })).rejects.toMatchObject({ code: "invalid-request" });
    const userId = await identity.user();
    await addMember(database.db, two, { userId });
    expect(await groupsOf(userId)).toEqual([one, two].sort());

    const wide = await newGroup("wide");
    const parents = Array.from({ length: maxGroupsPerUser - 2 }, (_, index) => ({
      id: randomUUID(),
      tenant: identity.tenant,
      source: "test",
      externalId: `parent-${index}`,
      name: "parent",
    }));
    await database.db.insert(groups).values(parents);
    await database.db.insert(groupMembers).values(parents.map(({ id }) => ({ groupId: id, memberGroupId: wide })));
    await addMember(database.db, wide, { userId: await identity.user() });
    await expect(addMember(database.db, wide, { userId })).rejects.toMatchObject({ code: "invalid-request" });
    expect(await groupsOf(userId)).toEqual([one, two].sort());
  });

  it("does not cross tenants, and tells groups apart by folded id", async () => {
    const stranger = await createTestIdentity(database.db);
    const userId = await stranger.user();
    const group = await newGroup("Folded");
    await expect(addMember(database.db, group, { userId })).rejects.toMatchObject({ code: "not-found" });
    await expect(newGroup("FOLDED")).rejects.toMatchObject({ code: "conflict" });
    await expect(newGroup("a:b")).rejects.toMatchObject({ code: "invalid-request" });
  });
});
