import type { Db } from "@ai-platform/core/db/database.ts";
import {
  addMember,
  createDepartment,
  createGroup,
  createUser,
  listDepartments,
} from "@ai-platform/core/identity/directory.ts";
import type { RoleGrant } from "@ai-platform/core/identity/permissions.ts";
import { generatePassword } from "./passwords.ts";

interface DemoUser {
  readonly username: string;
  readonly displayName: string;
  readonly department: string;
  readonly clearance: number;
  readonly roles: readonly RoleGrant[];
  /** External id of a group of source `demo`. */
  readonly group?: string;
}

const departments = [
  { code: "hr", name: "Human resources" },
  { code: "it", name: "IT" },
  { code: "legal", name: "Legal" },
  { code: "finance", name: "Finance" },
];

const groups = [
  { externalId: "it-admins", name: "IT administrators" },
  { externalId: "it-trainees", name: "IT trainees" },
];

const employee: RoleGrant = { role: "employee", department: "*" };
const editorOf = (department: string): RoleGrant => ({ role: "editor", department });

/** One person per kind of right in the sample corpus; the administrator shows that administering is not reading. */
export const demoUsers: readonly DemoUser[] = [
  {
    username: "amina",
    displayName: "Amina, HR officer",
    department: "hr",
    clearance: 2,
    roles: [employee, editorOf("hr")],
  },
  {
    username: "youssef",
    displayName: "Youssef, IT administrator",
    department: "it",
    clearance: 2,
    roles: [employee, editorOf("it")],
    group: "it-admins",
  },
  {
    username: "ilyas",
    displayName: "Ilyas, IT trainee",
    department: "it",
    clearance: 1,
    roles: [employee],
    group: "it-trainees",
  },
  {
    username: "salma",
    displayName: "Salma, legal counsel",
    department: "legal",
    clearance: 2,
    roles: [employee, editorOf("legal")],
  },
  {
    username: "admin",
    displayName: "Platform administrator",
    department: "finance",
    clearance: 0,
    roles: [
      employee,
      { role: "admin", department: "*" },
      { role: "finance", department: "*" },
      { role: "auditor", department: "*" },
    ],
  },
];

/** A user made at first start, with the only copy of the password. */
export interface DemoPassword {
  readonly user: DemoUser;
  readonly password: string;
}

/**
 * Creates the demo departments, groups and users in one commit where the tenant has none.
 * Returns their passwords, or nothing where they exist already.
 */
export async function createDemo(db: Db, tenant: string): Promise<readonly DemoPassword[]> {
  if ((await listDepartments(db, tenant)).length > 0) return [];
  const created = demoUsers.map((user) => ({ user, password: generatePassword() }));
  await db.transaction(async (tx) => {
    for (const department of departments) await createDepartment(tx, { tenant, ...department });
    const groupIds = new Map<string, string>();
    for (const group of groups)
      groupIds.set(group.externalId, await createGroup(tx, { tenant, source: "demo", ...group }));
    for (const { user, password } of created) {
      const { group, ...account } = user;
      const userId = await createUser(tx, { tenant, ...account, password });
      const groupId = group === undefined ? undefined : groupIds.get(group);
      if (groupId !== undefined) await addMember(tx, groupId, { userId });
    }
  });
  return created;
}
