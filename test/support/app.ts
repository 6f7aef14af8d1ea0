import type { Retriever } from "@ai-platform/core/access/retriever.ts";
import type { Database } from "@ai-platform/core/db/database.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { createApp, type AppConfig, type AppDeps } from "@ai-platform/api/app.ts";
import type { App } from "@ai-platform/api/deps.ts";
import type { TestIdentity } from "./identity.ts";

const unused = (name: string) => (): never => {
  throw new Error(`${name} is not part of this test`);
};

/** A store and a retriever for tests of everything but documents. */
const emptyStore: VectorStore = {
  kind: "pgvector",
  prepare: unused("prepare"),
  upsert: unused("upsert"),
  search: unused("search"),
  removeChunks: unused("removeChunks"),
  setAcl: unused("setAcl"),
  remove: unused("remove"),
  list: unused("list"),
  ping: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
const emptyRetriever: Retriever = {
  search: () => Promise.resolve({ passages: [], rights: { principalsHash: "", filterHash: "", dropped: 0 } }),
  read: () => Promise.resolve([]),
  list: () => Promise.resolve([]),
};

export interface TestAppOptions {
  readonly database: Database;
  readonly identity: TestIdentity;
  readonly config?: Partial<AppConfig>;
  readonly deps?: Partial<AppDeps>;
}

/** The real application over a real database, to be asked with `inject`. No model, no documents unless given. */
export async function createTestApp({ database, identity, config, deps }: TestAppOptions): Promise<App> {
  const { keys, tokens, verifier, tenant } = identity;
  return createApp({
    database,
    keys,
    tokens,
    verifier,
    logger: createLogger({ service: "test", level: "silent" }),
    retriever: emptyRetriever,
    store: emptyStore,
    models: { current: () => undefined },
    config: {
      tenant,
      environment: "test",
      passwordGrant: true,
      rateLimits: { address: 1e6, caller: 1e6, signIn: 1e6 },
      ...config,
    },
    ...deps,
  });
}
