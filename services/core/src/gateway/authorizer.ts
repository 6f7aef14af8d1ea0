import { LRUCache } from "lru-cache";
import type { Db } from "../db/database.ts";
import { Problem } from "../errors.ts";
import type { VerifiedCaller } from "../identity/caller.ts";
import type { CallerVerifier, PresentedCredentials } from "../identity/caller-verifier.ts";
import { sha256 } from "../identity/secrets.ts";
import { createRateLimiter, type RateLimiter } from "../rate-limiter.ts";
import type { Redis } from "../redis.ts";
import type { GatewayIdentity } from "./gateway-identity.ts";
import { limitsOf, type LimitState, modelPolicyOf } from "./limits.ts";

export interface AuthorizerOptions {
  readonly db: Db;
  readonly verifier: CallerVerifier;
  /** Model roles that the gateway serves. */
  readonly servedModels: readonly string[];
  /** Counts request rates across replicas. @default counted in this process */
  readonly redis?: Redis;
}

/** What the edge asks about one request to `/v1/*`. */
export interface GatewayRequest extends PresentedCredentials {
  /** `X-Model-Role`: the model role to use whatever the body says. */
  readonly role?: string | undefined;
}

export interface Authorization {
  readonly identity: GatewayIdentity;
  /** Budgets past their soft limit, to be told to the caller. */
  readonly warnings: readonly string[];
}

export interface Authorizer {
  /** @throws Problem `unauthenticated`, `forbidden`, `budget-exceeded` or `too-many-requests` */
  authorize(request: GatewayRequest): Promise<Authorization>;
}

/** Milliseconds a decision is reused: below the 5 s within which a revocation must hold everywhere. */
const decisionLifetime = 4_000;

/** Who the caller is and what binds them, as read from the store. */
interface Standing {
  readonly caller: VerifiedCaller;
  readonly limits: readonly LimitState[];
  readonly models: readonly string[];
  readonly confidential: boolean;
}

/** Decides for the edge whether a call may reach the model gateway, and as whom. */
export function createAuthorizer({ db, verifier, servedModels, redis }: AuthorizerOptions): Authorizer {
  const standings = new LRUCache<string, Promise<Standing>>({ max: 10_000, ttl: decisionLifetime });
  const limiters = new Map<number, RateLimiter>();

  async function readStanding(credentials: PresentedCredentials): Promise<Standing> {
    const caller = await verifier.verify(credentials);
    caller.require("models:use");
    const [limits, policy] = await Promise.all([
      limitsOf(db, {
        tenant: caller.tenant,
        department: caller.department,
        user: caller.subject,
        key: keyOf(caller),
      }),
      modelPolicyOf(db, caller.tenant, caller.department),
    ]);
    const models = policy.models === null ? servedModels : servedModels.filter((name) => policy.models?.includes(name));
    return { caller, limits, models, confidential: policy.confidential };
  }

  /** Concurrent requests of one caller share one look-up; a refusal is not kept. */
  function standingOf(credentials: PresentedCredentials): Promise<Standing> {
    const key = sha256(JSON.stringify([credentials.authorization, credentials.apiKey]));
    const known = standings.get(key);
    if (known) return known;
    const read = readStanding(credentials);
    standings.set(key, read);
    read.catch(() => standings.delete(key));
    return read;
  }

  /** One limiter for each rate, because the rate is part of the limiter; few different ones are in use. */
  function limiterFor(perMinute: number): RateLimiter {
    const limiter = limiters.get(perMinute) ?? createRateLimiter({ name: "rate", perMinute, redis });
    limiters.set(perMinute, limiter);
    return limiter;
  }

  async function countRequest({ scope, subject, requestsPerMinute }: LimitState): Promise<void> {
    if (requestsPerMinute === undefined) return;
    const detail = `The ${scope} may make ${requestsPerMinute} requests a minute.`;
    await limiterFor(requestsPerMinute).count(`${scope}:${subject}`, detail);
  }

  return {
    async authorize({ role, ...credentials }) {
      const { caller, limits, models, confidential } = await standingOf(credentials);
      if (role !== undefined) requireModel(role, models);
      for (const limit of limits) requireBudget(limit);
      for (const limit of limits) await countRequest(limit);
      const concurrent = limits.find(({ scope }) => scope === "department")?.concurrentRequests;
      const keyId = keyOf(caller);
      return {
        identity: {
          tenant: caller.tenant,
          subject: caller.subject,
          team: caller.department,
          models,
          external: !confidential,
          cache: "team",
          ...(keyId === undefined ? {} : { keyId }),
          ...(role === undefined ? {} : { role }),
          ...(concurrent === undefined ? {} : { concurrentRequests: concurrent }),
        },
        warnings: limits.filter(isSoftlySpent).map(({ scope, spent, softBudget }) => {
          return `${scope} budget: ${spent.toFixed(2)} of ${softBudget ?? 0} USD spent`;
        }),
      };
    },
  };
}

const keyOf = (caller: VerifiedCaller) => (caller.credential.kind === "api-key" ? caller.credential.keyId : undefined);

function requireModel(role: string, models: readonly string[]): void {
  if (models.includes(role)) return;
  const allowed = models.join(", ") || "none";
  throw new Problem("forbidden", `X-Model-Role is "${role}"; you may use: ${allowed}.`);
}

/** @throws Problem `budget-exceeded` where nothing is left of a budget */
export function requireBudget({ scope, spent, hardBudget }: LimitState): void {
  if (hardBudget === undefined || spent < hardBudget) return;
  throw new Problem(
    "budget-exceeded",
    `The ${scope} has spent ${spent.toFixed(2)} of ${hardBudget} USD this month; ask an administrator to raise it.`,
    { retryAfter: secondsToNextMonth(new Date()) },
  );
}

const isSoftlySpent = ({ spent, softBudget }: LimitState) => softBudget !== undefined && spent >= softBudget;

/** Seconds until budgets begin anew: the first of the next month, UTC. */
export function secondsToNextMonth(now: Date): number {
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  return Math.ceil((next - now.getTime()) / 1000);
}
