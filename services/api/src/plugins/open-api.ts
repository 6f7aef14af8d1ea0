import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { jsonSchemaTransform } from "fastify-type-provider-zod";
import type { App } from "../deps.ts";

/** What the interactive page needs: its own files, and the inline styles of its widgets. */
const docsSecurityPolicy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** Any answer but the route's own; the same kind of document for every error. */
const problemResponse = {
  description: "Problem document (RFC 9457)",
  content: {
    "application/problem+json": {
      schema: {
        type: "object",
        required: ["type", "title", "status", "detail"],
        properties: {
          type: { type: "string", description: "`urn:ai-platform:problem:<code>`, stable" },
          title: { type: "string" },
          status: { type: "integer" },
          detail: { type: "string", description: "What was wrong and what is allowed" },
          errors: {
            type: "array",
            items: { type: "object", properties: { field: { type: "string" }, message: { type: "string" } } },
          },
          requestId: { type: "string", description: "To be quoted when asking about it" },
        },
      },
    },
  },
};

/** Serves the OpenAPI document at `/openapi.json` and a page to try it at `/docs`. Register before the routes. */
export async function describeApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "ai-platform API",
        version: "1",
        description:
          "Errors are RFC 9457 problem documents. Sign in at POST /oauth/token and send the access token as a bearer token, or send an API key in X-API-Key.",
      },
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
          apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
        },
      },
      security: [{ bearer: [] }, { apiKey: [] }],
    },
    transform: (input) => {
      const { schema: described, url } = jsonSchemaTransform(input);
      const schema = { ...described, response: { ...(described.response as object), default: problemResponse } };
      const { config } = input.route;
      if (config?.public) return { schema: { ...schema, security: [] }, url };
      const permissions = [config?.permission ?? []].flat().map((permission) => `\`${permission}\``);
      const needs = permissions.length === 0 ? "Any signed-in caller." : `Permission: ${permissions.join(" or ")}.`;
      const description = [schema.description, needs].filter(Boolean).join("\n\n");
      return { schema: { ...schema, description }, url };
    },
  });
  app.get("/openapi.json", { config: { public: true }, schema: { hide: true } }, () => app.swagger());
  await app.register(async (docs) => {
    docs.addHook("onRoute", (route) => {
      route.config = { ...route.config, public: true };
    });
    await docs.register(swaggerUi, {
      routePrefix: "/docs",
      staticCSP: docsSecurityPolicy,
      // Without the bar that loads other people's documents.
      uiConfig: { layout: "BaseLayout" },
    });
  });
}
