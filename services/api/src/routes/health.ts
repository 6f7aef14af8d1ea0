import { sql } from "drizzle-orm";
import { z } from "zod";
import { Problem } from "@ai-platform/core/errors.ts";
import type { App, AppDeps } from "../deps.ts";

const tags = ["operations"];

/** Liveness, readiness and metrics. Public here; the edge passes none of them on. */
export function healthRoutes(app: App, { database, store, isStopping = () => false }: AppDeps): void {
  app.get(
    "/health",
    {
      config: { public: true },
      schema: { tags, summary: "Whether the process runs", response: { 200: z.object({ status: z.literal("ok") }) } },
    },
    () => ({ status: "ok" as const }),
  );

  app.get(
    "/ready",
    {
      config: { public: true },
      schema: {
        tags,
        summary: "Whether requests should be sent here",
        response: { 200: z.object({ status: z.literal("ready") }) },
      },
    },
    async () => {
      if (isStopping()) throw new Problem("unavailable", "This replica is shutting down.");
      try {
        await Promise.all([database.db.execute(sql`select 1`), store.ping()]);
      } catch (error) {
        throw new Problem("unavailable", "The database or the search index does not answer.", { cause: error });
      }
      return { status: "ready" as const };
    },
  );

  app.get("/metrics", { config: { public: true }, schema: { hide: true } }, async (_request, reply) =>
    reply.header("content-type", app.metrics.contentType).send(await app.metrics.metrics()),
  );
}
