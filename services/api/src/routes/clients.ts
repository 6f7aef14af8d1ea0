import { z } from "zod";
import { appendAudit, auditActor } from "@ai-platform/core/audit.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import { getUser } from "@ai-platform/core/identity/directory.ts";
import { createOauthClient, listOauthClients, removeOauthClient } from "@ai-platform/core/identity/oauth-clients.ts";
import { permissions } from "@ai-platform/core/identity/permissions.ts";
import type { App, AppDeps } from "../deps.ts";

const tags = ["keys"];
const clientId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "must be 1 to 64 of a-z, 0-9 and -");

/** Clients that sign in with `client_credentials`, each acting as one service account. */
export function clientRoutes(app: App, { database: { db } }: AppDeps): void {
  app.get(
    "/clients",
    {
      config: { permission: "keys:manage" },
      schema: {
        tags,
        summary: "List OAuth clients",
        response: {
          200: z.object({
            clients: z.array(
              z.object({ id: z.string(), userId: z.uuid(), scopes: z.array(z.string()), createdAt: z.date() }),
            ),
          }),
        },
      },
    },
    async ({ caller }) => {
      const clients = await listOauthClients(db, caller.tenant);
      return { clients: clients.filter(({ department }) => caller.can("keys:manage", department)) };
    },
  );

  app.post(
    "/clients",
    {
      config: { permission: "keys:manage" },
      schema: {
        tags,
        summary: "Register an OAuth client for a service account",
        description: "The secret is in this answer and nowhere else.",
        body: z.strictObject({ id: clientId, userId: z.uuid(), scopes: z.array(z.enum(permissions)).min(1) }),
        response: { 201: z.object({ id: z.string(), secret: z.string() }) },
      },
    },
    async ({ caller, body }, reply) => {
      const account = await getUser(db, caller.tenant, body.userId);
      caller.require("keys:manage", account.department);
      if (!account.isService) throw new Problem("forbidden", "A client acts as a service account, not as a person.");
      const secret = await createOauthClient(db, body);
      await appendAudit(db, {
        tenant: caller.tenant,
        actor: auditActor(caller),
        action: "client.created",
        target: `client:${body.id}`,
        outcome: "success",
        detail: { account: body.userId, scopes: body.scopes },
      });
      return reply.code(201).header("cache-control", "no-store").send({ id: body.id, secret });
    },
  );

  app.delete(
    "/clients/:id",
    {
      config: { permission: "keys:manage" },
      schema: {
        tags,
        summary: "Remove an OAuth client; its tokens stop working",
        params: z.object({ id: clientId }),
        response: { 204: z.null() },
      },
    },
    async ({ caller, params: { id } }, reply) => {
      const client = (await listOauthClients(db, caller.tenant)).find((known) => known.id === id);
      if (!client) throw new Problem("not-found", "There is no client with this id.");
      caller.require("keys:manage", client.department);
      await removeOauthClient(db, id);
      await appendAudit(db, {
        tenant: caller.tenant,
        actor: auditActor(caller),
        action: "client.removed",
        target: `client:${id}`,
        outcome: "success",
      });
      return reply.code(204).send(null);
    },
  );
}
