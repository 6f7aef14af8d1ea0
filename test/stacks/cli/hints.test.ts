import { expect, it } from "vitest";
import { findHints } from "../../../stacks/cli/hints.ts";

it.each([
  ["error: getting stack configuration: get stack secrets manager: incorrect passphrase", ".state/passphrase"],
  ["Bind for 0.0.0.0:443 failed: port is already allocated", "edge.httpsPort"],
  ["invalid pool request: Pool overlaps with other one on this address space", "edge.subnet"],
  ["error: the stack is currently locked by 1 lock(s)", "npm run recover -- dev"],
  ['Conflict. The container name "/x" is already in use by container "1"', "npm run recover -- dev"],
  ["Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available", "hosts.<name>.cpus"],
  ["cannot be deleted because it is marked for protection", "data.protect: false"],
])("says what to do about: %s", (output, expected) => {
  expect(findHints(output, "dev").join("\n")).toContain(expected);
});

it("says nothing about what it does not know", () => {
  expect(findHints("error: something else", "dev")).toEqual([]);
});
