import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { updateUser } from "@ai-platform/core/identity/directory.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestIdentity, type TestIdentity } from "../../../support/identity.ts";

let database: Database;
let identity: TestIdentity;
beforeAll(async () => {
  database = await openEmbedded();
  identity = await createTestIdentity(database.db);
});
afterAll(() => database.close());

it("reads rights from the store", async () => {
  const caller = await identity.caller({
    department: "it",
    groups: ["Sysadmins"],
    roles: ["employee", { role: "editor", department: "it" }],
  });
  expect(caller.principals).toEqual([
    "department:it",
    "group:test:sysadmins",
    "role:editor",
    "role:employee",
    "tenant:all",
    `user:${caller.subject}`,
  ]);
  expect(caller.can("documents:write", "it")).toBe(true);
  expect(caller.can("documents:write", "hr")).toBe(false);
  await updateUser(database.db, identity.tenant, caller.subject, { disabled: true });
  await expect(identity.again(caller)).rejects.toMatchObject({ code: "unauthenticated" });
});
