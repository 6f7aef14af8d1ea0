import helmet from "@fastify/helmet";
import fastify, { LogController, type FastifyBaseLogger } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { App, AppDeps } from "./deps.ts";
import { guardRoutes } from "./plugins/access.ts";
import { measureRequests } from "./plugins/metrics.ts";
import { describeApi } from "./plugins/open-api.ts";
import { answerProblems } from "./plugins/problems.ts";
import { limitRates } from "./plugins/rate-limits.ts";
import { logRequests, requestId } from "./plugins/request-log.ts";
import { agentRoutes } from "./routes/agents.ts";
import { auditRoutes } from "./routes/audit.ts";
import { clientRoutes } from "./routes/clients.ts";
import { documentRoutes } from "./routes/documents.ts";
import { gatewayRoutes } from "./routes/gateway.ts";
import { healthRoutes } from "./routes/health.ts";
import { keyRoutes } from "./routes/keys.ts";
import { limitRoutes } from "./routes/limits.ts";
import { oauthRoutes } from "./routes/oauth.ts";
import { sessionRoutes } from "./routes/session.ts";
import { usageRoutes } from "./routes/usage.ts";
import { userRoutes } from "./routes/users.ts";
import { webRoutes } from "./web/web-routes.ts";

export type { AppConfig, AppDeps } from "./deps.ts";

/** Bytes of a request body; routes that take files set their own. */
const bodyLimit = 1024 * 1024;

/** Wires the API from its parts. It does no I/O and listens nowhere; see `main.ts`. */
export async function createApp(deps: AppDeps): Promise<App> {
  const { logger, config } = deps;
  const loggerInstance: FastifyBaseLogger = logger;
  const app: App = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    genReqId: ({ headers }) => requestId(headers),
    trustProxy: config.trustedProxies ? [...config.trustedProxies] : false,
    bodyLimit,
    // An answer under way is finished at shutdown; idle connections are closed at once.
    forceCloseConnections: "idle",
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  answerProblems(app);
  logRequests(app);
  measureRequests(app);
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: apiSecurityPolicy } });
  limitRates(app, config.rateLimits, deps.redis);
  guardRoutes(app, deps.verifier);
  await describeApi(app);

  healthRoutes(app, deps);
  await app.register(async (oauth: App) => oauthRoutes(oauth, deps));
  sessionRoutes(app, deps);
  keyRoutes(app, deps);
  clientRoutes(app, deps);
  userRoutes(app, deps);
  usageRoutes(app, deps);
  auditRoutes(app, deps);
  agentRoutes(app, { db: deps.database.db, ...deps });
  await app.register(async (documents: App) => documentRoutes(documents, deps));
  limitRoutes(app, deps);
  if (deps.gateway) gatewayRoutes(app, deps, deps.gateway);
  await app.register(webRoutes);
  return app;
}

/** Answers of the API are data: nothing in them may load or run anything. Pages set their own policy. */
const apiSecurityPolicy = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };
