import { z } from "zod";
import { appendAudit, auditActor } from "@ai-platform/core/audit.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import { permissions, roles } from "@ai-platform/core/identity/permissions.ts";
import { updateUser } from "@ai-platform/core/identity/directory.ts";
import { signInWithPassword } from "@ai-platform/core/identity/sign-in.ts";
import type { App, AppDeps } from "../deps.ts";

const tags = ["sign-in"];

const meSchema = z.object({
  id: z.uuid(),
  username: z.string(),
  displayName: z.string(),
  tenant: z.string(),
  department: z.string(),
  clearance: z.int(),
  roles: z.array(z.object({ role: z.enum(roles), department: z.string() })),
  permissions: z.array(z.enum(permissions)).describe("What the caller may do in at least one department"),
  principals: z.array(z.string()).describe("Names under which documents are shared with the caller"),
  credential: z.enum(["token", "api-key", "client"]),
});

/** Who the caller is, and what they may change about it. */
export function sessionRoutes(app: App, { database: { db } }: AppDeps): void {
  app.get(
    "/me",
    {
      config: { anyCaller: true },
      schema: { tags, summary: "Who the caller is and what they may do", response: { 200: meSchema } },
    },
    ({ caller }) => ({
      id: caller.subject,
      username: caller.username,
      displayName: caller.displayName,
      tenant: caller.tenant,
      department: caller.department,
      clearance: caller.clearance,
      roles: caller.grants.map((grant) => ({ ...grant })),
      permissions: permissions.filter((permission) => caller.can(permission)),
      principals: [...caller.principals],
      credential: caller.credential.kind,
    }),
  );

  app.post(
    "/me/password",
    {
      config: { anyCaller: true },
      schema: {
        tags,
        summary: "Change one's password",
        description: "Ends all sessions of the caller, this one too.",
        body: z.strictObject({ currentPassword: z.string().max(4096), newPassword: z.string().max(4096) }),
        response: { 204: z.null() },
      },
    },
    async ({ caller, body, ip }, reply) => {
      if (caller.credential.kind !== "token") {
        throw new Problem("forbidden", "Only somebody signed in with their password can change it.");
      }
      const { tenant, username } = caller;
      await signInWithPassword(db, { tenant, username, password: body.currentPassword, address: ip });
      await updateUser(db, tenant, caller.subject, { password: body.newPassword });
      await appendAudit(db, {
        tenant,
        actor: auditActor(caller),
        action: "user.password-changed",
        target: `user:${caller.subject}`,
        outcome: "success",
      });
      return reply.code(204).send(null);
    },
  );
}
