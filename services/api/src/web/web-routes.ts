import { fileURLToPath } from "node:url";
import staticFiles from "@fastify/static";
import type { FastifyInstance } from "fastify";

const publicFolder = fileURLToPath(new URL("./public", import.meta.url));

/** Files of the page; a list, so that each is a public route by decision and nothing else in the folder is served. */
export const webFiles = [
  "app.js",
  "api.js",
  "chat.js",
  "documents.js",
  "dom.js",
  "icon.svg",
  "markup.js",
  "panel.js",
  "passage.js",
  "style.css",
] as const;

/** The page loads its own files only and runs no inline code, so that text from a document can never become code. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The web page at `/` and its files under `/assets/`. Register it as a plugin. */
export async function webRoutes(app: FastifyInstance): Promise<void> {
  await app.register(staticFiles, { root: publicFolder, serve: false, cacheControl: false });
  const options = { config: { public: true as const }, schema: { hide: true } };
  app.addHook("onSend", async (_request, reply) => {
    reply.header("content-security-policy", contentSecurityPolicy);
    reply.header("cache-control", "no-cache");
  });
  app.get("/", options, (_request, reply) => reply.sendFile("index.html"));
  for (const file of webFiles) app.get(`/assets/${file}`, options, (_request, reply) => reply.sendFile(file));
}
