/** Everything a handler can ask for. Reading a document is not here: that is decided by its ACL alone. */
export const permissions = [
  "agents:ask",
  "documents:list",
  "documents:write",
  "documents:share",
  "keys:own",
  "keys:manage",
  "users:manage",
  "usage:own",
  "usage:read",
  "audit:read",
  "models:use",
] as const;
export type Permission = (typeof permissions)[number];

export const roles = ["employee", "editor", "admin", "finance", "auditor", "service"] as const;
export type Role = (typeof roles)[number];

/** What a role may do in the departments it is held in. The admin role gives no right to read documents. */
export const rolePermissions: Readonly<Record<Role, readonly Permission[]>> = {
  employee: ["agents:ask", "documents:list", "keys:own", "usage:own", "models:use"],
  editor: ["documents:list", "documents:write", "documents:share"],
  admin: ["users:manage", "keys:manage", "usage:read", "documents:list"],
  finance: ["usage:read"],
  auditor: ["audit:read"],
  service: ["agents:ask", "documents:list", "documents:write", "models:use"],
};

/** A role held in one department, or in all of them with `*`. */
export interface RoleGrant {
  readonly role: Role;
  readonly department: string;
}

/**
 * Whether the grants allow a permission, in a department where one is named.
 * Without a department the question is whether it is allowed anywhere.
 */
export function allows(grants: readonly RoleGrant[], permission: Permission, department?: string): boolean {
  return grants.some(
    (grant) =>
      rolePermissions[grant.role].includes(permission) &&
      (department === undefined || grant.department === "*" || grant.department === department),
  );
}
