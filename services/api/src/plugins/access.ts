import type { FastifyRequest, RouteOptions } from "fastify";
import { Problem } from "@ai-platform/core/errors.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import type { CallerVerifier } from "@ai-platform/core/identity/caller-verifier.ts";
import type { Permission } from "@ai-platform/core/identity/permissions.ts";
import type { App } from "../deps.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the caller must be allowed (one of several), in any department; the handler checks where it acts. */
    permission?: Permission | readonly Permission[];
    /** For everybody, without a credential. */
    public?: true;
    /** For every verified caller, whatever their roles. */
    anyCaller?: true;
  }
  interface FastifyInstance {
    /** Every route with whom it is for. */
    readonly routeTable: readonly RouteOptions[];
  }
  interface FastifyRequest {
    /** Who is calling. Throws on public routes, where nobody was verified. */
    readonly caller: VerifiedCaller;
  }
}

/** Callers of the requests under way; not a property of the request, so that no handler can put one there. */
const callers = new WeakMap<FastifyRequest, VerifiedCaller>();

/** Who is calling, where somebody was verified. */
export function callerOf(request: FastifyRequest): VerifiedCaller | undefined {
  return callers.get(request);
}

/**
 * Default deny. Each route says whom it is for, or the application does not start; credentials are checked before the
 * body is read.
 */
export function guardRoutes(app: App, verifier: CallerVerifier): void {
  const routes: RouteOptions[] = [];
  app.addHook("onRoute", (route) => {
    routes.push(route);
  });
  app.decorate("routeTable", routes);
  app.addHook("onReady", async () => {
    const open = routes.filter(({ config = {} }) => !config.permission && !config.public && !config.anyCaller);
    if (open.length === 0) return;
    const names = open.map(({ method, url }) => `${String(method)} ${url}`).join(", ");
    throw new Error(`Routes without config.permission, config.anyCaller or config.public: ${names}`);
  });

  app.decorateRequest("caller", {
    getter(this: FastifyRequest) {
      const caller = callers.get(this);
      if (!caller) throw new TypeError("This route is public and has no caller");
      return caller;
    },
  });
  app.addHook("onRequest", async (request) => {
    const { config } = request.routeOptions;
    if (request.is404 || config.public) return;
    const apiKey = request.headers["x-api-key"];
    const caller = await verifier.verify({
      authorization: request.headers.authorization,
      apiKey: typeof apiKey === "string" ? apiKey : undefined,
    });
    callers.set(request, caller);
    requireAny(caller, config.permission);
  });
}

function requireAny(caller: VerifiedCaller, permission: Permission | readonly Permission[] = []): void {
  const wanted = [permission].flat();
  if (wanted.length === 0 || wanted.some((one) => caller.can(one))) return;
  throw new Problem("forbidden", `This needs the permission ${wanted.join(" or ")}.`);
}
