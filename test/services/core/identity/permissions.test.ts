import { allows, permissions, rolePermissions, roles, type RoleGrant } from "@ai-platform/core/identity/permissions.ts";
import { principalsOf } from "@ai-platform/core/identity/caller-verifier.ts";
import { principalSchema } from "@ai-platform/core/access/model.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const departments = ["hr", "it", "legal"];
const grant = fc.record({ role: fc.constantFrom(...roles), department: fc.constantFrom("*", ...departments) });
const grants = fc.array(grant, { maxLength: 6 });
const permission = fc.constantFrom(...permissions);
const department = fc.option(fc.constantFrom(...departments, "nowhere"), { nil: undefined });

/** The rule in other words: look the right up in a table of what is held where. */
function oracle(held: readonly RoleGrant[], wanted: string, where: string | undefined): boolean {
  const table = new Map<string, Set<string>>();
  for (const { role, department: place } of held) {
    for (const each of rolePermissions[role]) table.set(each, (table.get(each) ?? new Set()).add(place));
  }
  const places = table.get(wanted);
  if (!places) return false;
  return where === undefined || places.has("*") || places.has(where);
}

describe("permissions", () => {
  it("are what the roles say, in the departments they are held in", () => {
    fc.assert(
      fc.property(grants, permission, department, (held, wanted, where) => {
        expect(allows(held, wanted, where)).toBe(oracle(held, wanted, where));
      }),
    );
  });

  it("never shrink by another grant and never grow by losing one", () => {
    fc.assert(
      fc.property(grants, grant, permission, department, (held, more, wanted, where) => {
        if (allows(held, wanted, where)) expect(allows([...held, more], wanted, where)).toBe(true);
        if (!allows(held, wanted, where)) expect(allows(held.slice(1), wanted, where)).toBe(false);
      }),
    );
  });

  it("in a department imply nothing in another", () => {
    fc.assert(
      fc.property(grants, permission, (held, wanted) => {
        const inHr = held.map((one) => ({ ...one, department: "hr" }));
        expect(allows(inHr, wanted, "it")).toBe(false);
        expect(allows(inHr, wanted, "*"), "all departments").toBe(false);
      }),
    );
  });

  it("are none without a grant", () => {
    for (const wanted of permissions) expect(allows([], wanted)).toBe(false);
  });
});

describe("principals", () => {
  it("are unique, folded, sorted and well-formed, and name every role held", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.constantFrom(...departments), fc.boolean(), grants, (id, own, isService, held) => {
        const principals = principalsOf({ id: id.toUpperCase(), department: own, isService }, held, [
          "group:entra:ABC",
          "group:entra:abc",
        ]);
        expect(principals).toEqual([...new Set(principals)].sort());
        for (const principal of principals) expect(principalSchema.parse(principal)).toBe(principal);
        expect(principals).toContain(`user:${id}`);
        expect(principals).toContain(`department:${own}`);
        for (const { role } of held) expect(principals).toContain(`role:${role}`);
        expect(principals.filter((principal) => principal.startsWith("group:"))).toEqual(["group:entra:abc"]);
      }),
    );
  });
});
