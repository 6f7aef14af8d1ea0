import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Retriever } from "@ai-platform/core/access/retriever.ts";
import type { Database } from "@ai-platform/core/db/database.ts";
import type { CallerVerifier } from "@ai-platform/core/identity/caller-verifier.ts";
import type { SigningKeys } from "@ai-platform/core/identity/signing-keys.ts";
import type { TokenIssuer } from "@ai-platform/core/identity/token-issuer.ts";
import type { Logger } from "@ai-platform/core/logger.ts";
import type { ModelSource } from "@ai-platform/core/models/model-client.ts";
import type { Redis } from "@ai-platform/core/redis.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import type { GatewayDeps } from "./routes/gateway.ts";

/** Settings of the API that are not clients. */
export interface AppConfig {
  /** Tenant that sign-in is for. */
  readonly tenant: string;
  /** Part of new API keys, such as `prod`: 1 to 16 of a-z and 0-9. */
  readonly environment: string;
  /** Whether `POST /oauth/token` takes passwords. OAuth 2.1 drops that grant: off once people sign in elsewhere. */
  readonly passwordGrant: boolean;
  /**
   * Proxies whose `X-Forwarded-For` is believed: addresses, CIDRs, or `loopback`, `linklocal`, `uniquelocal`.
   * @default none
   */
  readonly trustedProxies?: readonly string[];
  /** Requests per minute. @default see `defaultRateLimits` */
  readonly rateLimits?: Partial<RateLimits>;
}

export interface RateLimits {
  /** All requests of one address; a company may share one. */
  readonly address: number;
  /** Requests of one verified caller. */
  readonly caller: number;
  /** Requests to `/oauth/*` of one address. */
  readonly signIn: number;
}

/** Everything the API works with; `createApp` itself does no I/O. */
export interface AppDeps {
  readonly database: Database;
  readonly logger: Logger;
  readonly keys: SigningKeys;
  readonly tokens: TokenIssuer;
  readonly verifier: CallerVerifier;
  readonly retriever: Retriever;
  readonly store: VectorStore;
  readonly models: ModelSource;
  readonly config: AppConfig;
  /** Set where a model gateway stands behind the edge. @default no `/internal/*` routes */
  readonly gateway?: GatewayDeps;
  /** Counts request rates across replicas. @default each replica counts for itself */
  readonly redis?: Redis;
  /** True from the first signal on: `/ready` fails, so that no new requests are sent here. @default never */
  readonly isStopping?: () => boolean;
}

/** The API with zod schemas as types. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
