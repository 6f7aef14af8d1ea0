import { z } from "zod";
import { levelSchema } from "@ai-platform/core/access/model.ts";
import { appendAudit, auditActor } from "@ai-platform/core/audit.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import {
  createDepartment,
  createUser,
  getUser,
  listDepartments,
  listUsers,
  updateUser,
} from "@ai-platform/core/identity/directory.ts";
import { roles, type RoleGrant } from "@ai-platform/core/identity/permissions.ts";
import type { App, AppDeps } from "../deps.ts";

const tags = ["people"];
const name = z.string().trim().min(1).max(200);
const grants = z.array(z.strictObject({ role: z.enum(roles), department: z.string() })).max(100);

const newUserSchema = z.strictObject({
  username: z.string().max(128),
  displayName: name,
  department: z.string(),
  password: z.string().max(4096).optional().describe("None for service accounts"),
  isService: z.boolean().default(false),
  clearance: levelSchema.default(0),
  roles: grants.describe("A role is held in one department, or in all with `*`"),
});

const userChangesSchema = z
  .strictObject({
    displayName: name,
    department: z.string(),
    clearance: levelSchema,
    roles: grants,
    disabled: z.boolean(),
    password: z.string().max(4096),
  })
  .partial();

const userSchema = z.object({
  id: z.uuid(),
  username: z.string(),
  displayName: z.string(),
  department: z.string(),
  isService: z.boolean(),
  clearance: z.int(),
  disabled: z.boolean(),
  roles: z.array(z.object({ role: z.string(), department: z.string() })),
});
const departmentSchema = z.object({ code: z.string(), name: z.string() });

/** People, service accounts and departments, for administrators of the departments concerned. */
export function userRoutes(app: App, { database: { db } }: AppDeps): void {
  const record = (caller: VerifiedCaller, action: string, target: string, detail: Record<string, unknown> = {}) =>
    appendAudit(db, { tenant: caller.tenant, actor: auditActor(caller), action, target, outcome: "success", detail });

  app.get(
    "/users",
    {
      config: { permission: "users:manage" },
      schema: {
        tags,
        summary: "List people and service accounts",
        querystring: z.object({
          after: z.string().optional().describe("`next` of the page before"),
          limit: z.coerce.number().int().min(1).max(500).default(100),
        }),
        response: { 200: z.object({ users: z.array(userSchema), next: z.string().nullable() }) },
      },
    },
    async ({ caller, query: { after, limit } }) => {
      const page = await listUsers(db, caller.tenant, { limit, ...(after === undefined ? {} : { after }) });
      const users = page.filter(({ department }) => caller.can("users:manage", department));
      return { users, next: page.length < limit ? null : (page.at(-1)?.username ?? null) };
    },
  );

  app.post(
    "/users",
    {
      config: { permission: "users:manage" },
      schema: { tags, summary: "Add a person or service account", body: newUserSchema, response: { 201: userSchema } },
    },
    async ({ caller, body }, reply) => {
      const { password, ...user } = body;
      requireFor(caller, [user.department], user.roles, user.clearance > 0);
      const { tenant } = caller;
      const id = await createUser(db, { ...user, tenant, ...(password === undefined ? {} : { password }) });
      const { department, clearance, roles: held } = user;
      await record(caller, "user.created", `user:${id}`, { department, clearance, roles: held });
      return reply.code(201).send(await getUser(db, tenant, id));
    },
  );

  app.patch(
    "/users/:id",
    {
      config: { permission: "users:manage" },
      schema: {
        tags,
        summary: "Change, disable or enable a person or service account",
        description: "Holds from their next request on. Disabling and a new password end their sessions.",
        params: z.object({ id: z.uuid() }),
        body: userChangesSchema,
        response: { 200: userSchema },
      },
    },
    async ({ caller, params: { id }, body }) => {
      const before = await getUser(db, caller.tenant, id);
      const departments = [before.department, ...(body.department === undefined ? [] : [body.department])];
      // Also for what they hold already: an administrator of one department must not take over one of all.
      const concerned = [...before.roles, ...(body.roles ?? [])];
      requireFor(caller, departments, concerned, body.clearance !== undefined);
      const { password, ...changes } = withoutUndefined(body);
      await updateUser(db, caller.tenant, id, { ...changes, ...(password === undefined ? {} : { password }) });
      await record(caller, "user.changed", `user:${id}`, { ...changes, newPassword: password !== undefined });
      return getUser(db, caller.tenant, id);
    },
  );

  app.get(
    "/departments",
    {
      config: { anyCaller: true },
      schema: {
        tags,
        summary: "List departments",
        response: { 200: z.object({ departments: z.array(departmentSchema) }) },
      },
    },
    async ({ caller }) => ({ departments: await listDepartments(db, caller.tenant) }),
  );

  app.post(
    "/departments",
    {
      config: { permission: "users:manage" },
      schema: {
        tags,
        summary: "Add a department",
        body: z.strictObject({ code: z.string().max(64), name }),
        response: { 201: departmentSchema },
      },
    },
    async ({ caller, body }, reply) => {
      caller.require("users:manage", "*");
      await createDepartment(db, { ...body, tenant: caller.tenant });
      await record(caller, "department.created", `department:${body.code}`);
      return reply.code(201).send(body);
    },
  );
}

/**
 * Rights over people count in every department touched; clearance and roles for all departments need `*`.
 * The role of an employee is what everybody has and asks for nothing.
 */
function requireFor(
  caller: VerifiedCaller,
  departments: readonly string[],
  held: readonly RoleGrant[],
  clearance: boolean,
): void {
  const touched = held.filter(({ role }) => role !== "employee").map(({ department }) => department);
  for (const department of [...departments, ...touched]) caller.require("users:manage", department);
  if (clearance) caller.require("users:manage", "*");
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}
