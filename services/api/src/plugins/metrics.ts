import { collectDefaultMetrics, Histogram, Registry } from "prom-client";
import type { App } from "../deps.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** Where areas register metrics of their own. */
    readonly metrics: Registry;
  }
}

/** Counts and times requests by route pattern, so that ids in paths do not make new series. Served at `/metrics`. */
export function measureRequests(app: App): void {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const duration = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from the first byte of the request to the last of the response",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [metrics],
  });
  app.decorate("metrics", metrics);
  app.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions } = request;
    const labels = { method, route: routeOptions.url ?? "none", status: String(reply.statusCode) };
    duration.observe(labels, reply.elapsedTime / 1000);
  });
}
