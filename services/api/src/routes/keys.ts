import { z } from "zod";
import { appendAudit, auditActor } from "@ai-platform/core/audit.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import {
  type ApiKeyRecord,
  createApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
} from "@ai-platform/core/identity/api-keys.ts";
import { getUser } from "@ai-platform/core/identity/directory.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import { permissions } from "@ai-platform/core/identity/permissions.ts";
import type { App, AppDeps } from "../deps.ts";

const tags = ["keys"];
const maxDays = 366;

const newKeySchema = z.strictObject({
  name: z.string().trim().min(1).max(100),
  scopes: z.array(z.enum(permissions)).min(1).describe("What the key may do; never more than its owner"),
  expiresInDays: z.int().min(1).max(maxDays).default(90),
  userId: z.uuid().optional().describe("Service account that owns the key, with `keys:manage`. Default: the caller"),
});

const keySchema = z.object({
  id: z.uuid(),
  userId: z.uuid(),
  username: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.date(),
  expiresAt: z.date().nullable(),
  revokedAt: z.date().nullable(),
  lastUsedAt: z.date().nullable().describe("To the minute"),
});

const rotationSchema = z.strictObject({
  overlapHours: z.number().min(0).max(720).default(24).describe("How long the old key works beside the new one"),
  expiresInDays: z.int().min(1).max(maxDays).default(90),
});

/** API keys: one's own with `keys:own`, everybody's with `keys:manage` in the owner's department. */
export function keyRoutes(app: App, { database: { db }, config }: AppDeps): void {
  /** The key, where it is the caller's own or theirs to manage. */
  async function findKey(caller: VerifiedCaller, id: string): Promise<ApiKeyRecord> {
    const [key] = await listApiKeys(db, caller.tenant, { id });
    const own = key?.userId === caller.subject && caller.can("keys:own");
    if (key && (own || caller.can("keys:manage", key.department))) return key;
    throw new Problem("not-found", "There is no key with this id, or it is not yours.");
  }

  app.post(
    "/keys",
    {
      config: { permission: ["keys:own", "keys:manage"] },
      schema: {
        tags,
        summary: "Make an API key",
        description: "The key is in this answer and nowhere else.",
        body: newKeySchema,
        response: { 201: z.object({ id: z.uuid(), key: z.string(), expiresAt: z.date() }) },
      },
    },
    async ({ caller, body }, reply) => {
      const { name, scopes, expiresInDays, userId = caller.subject } = body;
      if (userId === caller.subject) {
        caller.require("keys:own");
        // A key narrowed to little must not make one that may do more.
        for (const scope of scopes) caller.require(scope);
      } else {
        const owner = await getUser(db, caller.tenant, userId);
        caller.require("keys:manage", owner.department);
        // A key of a person is that person: nobody else may hold one.
        if (!owner.isService) throw new Problem("forbidden", "Keys for others can be made for service accounts only.");
      }
      const expiresAt = new Date(Date.now() + expiresInDays * 86_400_000);
      const { environment } = config;
      const created = await createApiKey(db, { userId, name, scopes, expiresAt, environment });
      await appendAudit(db, {
        tenant: caller.tenant,
        actor: auditActor(caller),
        action: "key.created",
        target: `key:${created.id}`,
        outcome: "success",
        detail: { owner: userId, scopes, expiresAt },
      });
      return reply
        .code(201)
        .header("cache-control", "no-store")
        .send({ ...created, expiresAt });
    },
  );

  app.get(
    "/keys",
    {
      config: { permission: ["keys:own", "keys:manage"] },
      schema: {
        tags,
        summary: "List API keys",
        querystring: z.object({ scope: z.enum(["own", "all"]).default("own") }),
        response: { 200: z.object({ keys: z.array(keySchema) }) },
      },
    },
    async ({ caller, query: { scope } }) => {
      if (scope === "own") return { keys: await listApiKeys(db, caller.tenant, { userId: caller.subject }) };
      caller.require("keys:manage");
      const keys = await listApiKeys(db, caller.tenant);
      return { keys: keys.filter(({ department }) => caller.can("keys:manage", department)) };
    },
  );

  app.delete(
    "/keys/:id",
    {
      config: { permission: ["keys:own", "keys:manage"] },
      schema: {
        tags,
        summary: "Revoke an API key",
        params: z.object({ id: z.uuid() }),
        response: { 204: z.null() },
      },
    },
    async ({ caller, params: { id } }, reply) => {
      await findKey(caller, id);
      await revokeApiKey(db, id);
      await appendAudit(db, {
        tenant: caller.tenant,
        actor: auditActor(caller),
        action: "key.revoked",
        target: `key:${id}`,
        outcome: "success",
      });
      return reply.code(204).send(null);
    },
  );

  app.post(
    "/keys/:id/rotate",
    {
      config: { permission: ["keys:own", "keys:manage"] },
      schema: {
        tags,
        summary: "Replace an API key; both work for a while",
        params: z.object({ id: z.uuid() }),
        body: rotationSchema,
        response: { 201: z.object({ id: z.uuid(), key: z.string(), expiresAt: z.date(), oldKeyUntil: z.date() }) },
      },
    },
    async ({ caller, params: { id }, body }, reply) => {
      const old = await findKey(caller, id);
      if (old.userId === caller.subject) {
        for (const scope of permissions) if (old.scopes.includes(scope)) caller.require(scope);
      } else if (!(await getUser(db, caller.tenant, old.userId)).isService) {
        throw new Problem("forbidden", "A key of a person is rotated by that person.");
      }
      const oldKeyUntil = new Date(Date.now() + body.overlapHours * 3_600_000);
      const expiresAt = new Date(Date.now() + body.expiresInDays * 86_400_000);
      const { environment } = config;
      const made = await rotateApiKey(db, { id, overlapUntil: oldKeyUntil, expiresAt, environment });
      await appendAudit(db, {
        tenant: caller.tenant,
        actor: auditActor(caller),
        action: "key.rotated",
        target: `key:${id}`,
        outcome: "success",
        detail: { newKey: made.id, oldKeyUntil, expiresAt },
      });
      return reply
        .code(201)
        .header("cache-control", "no-store")
        .send({ ...made, expiresAt, oldKeyUntil });
    },
  );
}
