import type { FastifyError } from "fastify";
import { z } from "zod";
import { appendAudit } from "@ai-platform/core/audit.ts";
import { Problem, type ProblemCode } from "@ai-platform/core/errors.ts";
import { authenticateClient } from "@ai-platform/core/identity/oauth-clients.ts";
import { signInWithPassword } from "@ai-platform/core/identity/sign-in.ts";
import type { TokenSet } from "@ai-platform/core/identity/token-issuer.ts";
import type { App, AppDeps } from "../deps.ts";
import { acceptForms } from "../plugins/forms.ts";
import { sendProblem, toProblem } from "../plugins/problems.ts";

const tags = ["sign-in"];
const secret = z.string().min(1).max(4096);

/** Members a grant does not use are ignored, as RFC 6749 section 3.2 asks. */
const tokenRequestSchema = z.object({
  grant_type: z.string().max(128).describe("`password`, `refresh_token` or `client_credentials`"),
  username: z.string().max(1024).optional(),
  password: z.string().max(4096).optional(),
  refresh_token: secret.optional(),
  client_id: secret.optional(),
  client_secret: secret.optional().describe("Or `client_id` and `client_secret` as HTTP Basic credentials"),
});
type TokenRequest = z.infer<typeof tokenRequestSchema>;

const tokenResponseSchema = z.object({
  access_token: z.string(),
  token_type: z.literal("Bearer"),
  expires_in: z.int().describe("Seconds"),
  refresh_token: z.string().optional(),
});

/** Error codes of RFC 6749 section 5.2, sent as `error` beside the members of the problem document. */
const oauthErrors: Partial<Record<ProblemCode, string>> = {
  "invalid-request": "invalid_request",
  "invalid-grant": "invalid_grant",
  "unsupported-grant": "unsupported_grant_type",
  unauthenticated: "invalid_client",
};

/** Token endpoint (RFC 6749), revocation (RFC 7009) and the public keys. Register it as a plugin. */
export async function oauthRoutes(app: App, deps: AppDeps): Promise<void> {
  const { keys, tokens, verifier, database, config } = deps;
  const { db } = database;
  acceptForms(app);
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const problem = toProblem(error);
    const code = oauthErrors[problem.code] ?? (problem.status < 500 ? "invalid_request" : "server_error");
    return sendProblem(request, reply, problem, { error: code, error_description: problem.message });
  });

  app.post(
    "/oauth/token",
    {
      config: { public: true },
      schema: {
        tags,
        summary: "Sign in, or renew a sign-in",
        description:
          "As `application/x-www-form-urlencoded` or JSON. A refresh token can be used once; using it again ends the session.",
        body: tokenRequestSchema,
        response: { 200: tokenResponseSchema },
      },
    },
    async (request, reply) => {
      const tokenSet = await grant(request.body, request.headers.authorization, request.ip);
      reply.header("cache-control", "no-store");
      return {
        access_token: tokenSet.accessToken,
        token_type: "Bearer" as const,
        expires_in: tokenSet.expiresIn,
        ...(tokenSet.refreshToken === undefined ? {} : { refresh_token: tokenSet.refreshToken }),
      };
    },
  );

  async function grant(body: TokenRequest, authorization: string | undefined, address: string): Promise<TokenSet> {
    switch (body.grant_type) {
      case "password": {
        if (!config.passwordGrant) {
          throw new Problem("unsupported-grant", "Signing in with a password is switched off here.");
        }
        const { username, password } = needed(body, "username", "password");
        const { tenant } = config;
        return tokens.issueFor(await signInWithPassword(db, { tenant, username, password, address }));
      }
      case "refresh_token":
        return tokens.refresh(needed(body, "refresh_token").refresh_token);
      case "client_credentials":
        return clientGrant(body, authorization, address);
      default:
        throw new Problem(
          "unsupported-grant",
          `grant_type must be password, refresh_token or client_credentials; got "${body.grant_type}".`,
        );
    }
  }

  async function clientGrant(
    body: TokenRequest,
    authorization: string | undefined,
    address: string,
  ): Promise<TokenSet> {
    const { client_id, client_secret } = basicCredentials(authorization) ?? needed(body, "client_id", "client_secret");
    const { tenant } = config;
    const userId = await authenticateClient(db, tenant, client_id, client_secret);
    const entry = { tenant, action: "auth.client-sign-in", detail: { address } };
    if (userId === undefined) {
      await appendAudit(db, { ...entry, actor: "anonymous", target: "client:unknown", outcome: "failure" });
      throw new Problem("unauthenticated", "The client id or the client secret is wrong.");
    }
    const actor = `client:${client_id}`;
    await appendAudit(db, { ...entry, actor, target: `user:${userId}`, outcome: "success" });
    return tokens.issueFor(userId, client_id);
  }

  app.post(
    "/oauth/revoke",
    {
      config: { public: true },
      schema: {
        tags,
        summary: "Sign out",
        description: "Ends the session of a refresh or access token. Answers 200 for any token, as RFC 7009 asks.",
        body: z.object({ token: secret }),
        response: { 200: z.object({}) },
      },
    },
    async ({ body: { token } }) => {
      const userId = await endSessionOf(token);
      if (userId === undefined) return {};
      const actor = `user:${userId}`;
      await appendAudit(db, {
        tenant: config.tenant,
        actor,
        action: "auth.sign-out",
        target: actor,
        outcome: "success",
      });
      return {};
    },
  );

  /** The user whose session it was, if any. */
  async function endSessionOf(token: string): Promise<string | undefined> {
    if (!token.includes(".")) return tokens.revokeRefreshToken(token);
    const caller = await verifier.verify({ authorization: `Bearer ${token}` }).catch((error: unknown) => {
      if (error instanceof Problem && error.code === "unauthenticated") return undefined;
      throw error;
    });
    if (caller?.credential.kind !== "token") return undefined;
    await tokens.revokeSession(caller.credential.sessionId);
    return caller.subject;
  }

  app.get(
    "/.well-known/jwks.json",
    {
      config: { public: true },
      schema: {
        tags,
        summary: "Public keys of access tokens",
        response: { 200: z.object({ keys: z.array(z.looseObject({})) }) },
      },
    },
    async (_request, reply) => {
      reply.header("cache-control", "public, max-age=60");
      return { keys: (await keys.jwks()).keys.map((key) => ({ ...key })) };
    },
  );
}

/** The members a grant cannot do without. @throws Problem that names each missing one */
function needed<Name extends keyof TokenRequest>(body: TokenRequest, ...names: Name[]): Record<Name, string> {
  const missing = names.filter((name) => !body[name]);
  if (missing.length > 0) {
    const errors = missing.map((name) => ({
      field: `/${name}`,
      message: `is needed for grant_type ${body.grant_type}`,
    }));
    throw new Problem("invalid-request", `The request lacks ${missing.join(" and ")}.`, { errors });
  }
  return body as Record<Name, string>;
}

/** RFC 6749 section 2.3.1: both parts are form-encoded inside the Basic credentials. */
function basicCredentials(header: string | undefined): Record<"client_id" | "client_secret", string> | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [id, password] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  if (id === undefined || password === undefined) return undefined;
  try {
    return { client_id: decodeURIComponent(id), client_secret: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}
