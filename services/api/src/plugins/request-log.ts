import { randomUUID } from "node:crypto";
import type { App } from "../deps.ts";
import { callerOf } from "./access.ts";

/** An id given by the proxy is kept, so that its log and ours can be read together. */
const requestIdPattern = /^[A-Za-z0-9-]{8,64}$/;

export function requestId(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && requestIdPattern.test(given) ? given : randomUUID();
}

/** One line per request: the route pattern and the caller's id, never the query, the headers or the body. */
export function logRequests(app: App): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions, ip } = request;
    const caller = callerOf(request)?.subject ?? "anonymous";
    const milliseconds = Math.round(reply.elapsedTime);
    const line = { method, route: routeOptions.url ?? "none", status: reply.statusCode, milliseconds, caller, ip };
    const denied = reply.statusCode === 401 || reply.statusCode === 403;
    request.log[denied ? "warn" : "info"](line, denied ? "access denied" : "request");
  });
}
