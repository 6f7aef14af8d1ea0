import { createRetriever } from "@ai-platform/core/access/create-retriever.ts";
import type { Retriever } from "@ai-platform/core/access/retriever.ts";
import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import type { ModelEndpoint } from "@ai-platform/core/models/model-client.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import type { AgentName, Answer, AskRequest } from "@ai-platform/api/agents/agent.ts";
import { agents } from "@ai-platform/api/agents/definitions/index.ts";
import type { RunEvent } from "@ai-platform/api/agents/events.ts";
import { defaultLimits, type RunLimits } from "@ai-platform/api/agents/loop/limits.ts";
import { runAgent } from "@ai-platform/api/agents/run.ts";
import { publishDocument, type DocumentSpec } from "./documents.ts";
import { createTestIdentity, type TestIdentity } from "./identity.ts";
import { openTestStore } from "./vector.ts";

export interface AskOptions {
  /** @default none is reachable */
  readonly endpoint?: ModelEndpoint;
  readonly limits?: Partial<RunLimits>;
  readonly signal?: AbortSignal;
  readonly conversation?: AskRequest["conversation"];
  readonly onEvent?: (event: RunEvent) => void;
}

/** Agents over a real database, the real index and real rights, in a tenant of their own. */
export interface AgentWorld {
  readonly database: Database;
  readonly store: VectorStore;
  readonly retriever: Retriever;
  readonly identity: TestIdentity;
  publish(spec: DocumentSpec): Promise<string>;
  ask(
    agent: AgentName,
    caller: VerifiedCaller,
    question: string,
    options?: AskOptions,
  ): Promise<{ readonly answer: Answer; readonly events: readonly RunEvent[] }>;
  close(): Promise<void>;
}

export async function openAgentWorld(): Promise<AgentWorld> {
  const database = await openEmbedded();
  const { db } = database;
  const store = await openTestStore("pgvector", database);
  const identity = await createTestIdentity(db);
  const logger = createLogger({ service: "test", level: "silent" });
  const retriever = createRetriever({ db, store, logger });
  return {
    database,
    store,
    retriever,
    identity,
    publish: (spec) => publishDocument({ db, store }, identity.tenant, spec),
    async ask(agent, caller, question, options = {}) {
      const events: RunEvent[] = [];
      const { endpoint, limits, conversation, signal = new AbortController().signal } = options;
      const services = {
        db,
        retriever,
        logger,
        models: { current: () => endpoint },
        limits: { ...defaultLimits, ...limits },
      };
      const answer = await runAgent(services, {
        agent: agents[agent],
        caller,
        request: { question, ...(conversation ? { conversation } : {}) },
        signal,
        emit: (event) => {
          events.push(event);
          options.onEvent?.(event);
        },
      });
      return { answer, events };
    },
    close: () => database.close(),
  };
}

/** The answer as a client of the stream has it. */
export const streamed = (events: readonly RunEvent[]): string =>
  events.map((event) => (event.type === "delta" ? event.data.text : "")).join("");
