import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { setAcl } from "@ai-platform/core/access/acl-store.ts";
import { createAclSync } from "@ai-platform/core/access/acl-sync.ts";
import { createRetriever } from "@ai-platform/core/access/create-retriever.ts";
import type { Retriever, SearchRequest } from "@ai-platform/core/access/retriever.ts";
import type { Database } from "@ai-platform/core/db/database.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import type { Embedder } from "@ai-platform/core/models/embedder.ts";
import { createEmbedder } from "@ai-platform/core/models/open-ai-embedder.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { openTestDatabase } from "../../../support/database.ts";
import { startHashEmbedder, type HashEmbedderServer } from "../../../support/hash-embedder.ts";
import { mayRead } from "../../../support/oracle.ts";
import { countsWordsByRights, openTestStore, testedStores } from "../../../support/vector.ts";
import {
  anyAcl,
  anyWho,
  anyWorld,
  buildWorld,
  everyReason,
  worldWords,
  type BuiltWorld,
  type World,
} from "../../../support/world.ts";

/** Finds every chunk there is: all words of all documents, more hits than chunks, every vector compared. */
const everything: SearchRequest = { query: [...worldWords, "version"].join(" "), limit: 100, exact: true };
const logger = createLogger({ service: "test", level: "silent" });
const runs = (numRuns: number) => ({ numRuns });

// Hundreds of small worlds are built through the real directory: minutes on a machine that does other things as well.
vi.setConfig({ testTimeout: 300_000 });

let database: Database;
let server: HashEmbedderServer;
let embedder: Embedder;
beforeAll(async () => {
  [database, server] = await Promise.all([openTestDatabase(), startHashEmbedder()]);
  embedder = createEmbedder({ baseUrl: server.baseUrl, model: "test-embedder", dimensions: server.dimensions });
});
afterAll(async () => {
  await server.close();
  await database.close();
});

describe.each(testedStores())("access rights on %s", (kind) => {
  let store: VectorStore;
  let retriever: Retriever;
  beforeAll(async () => {
    store = await openTestStore(kind, database, server.dimensions);
    retriever = createRetriever({ db: database.db, store, embedder, logger });
  });
  afterAll(() => store.close());

  const platform = () => ({ db: database.db, store, embedder });

  /** Documents a caller finds, as places in the world. */
  async function find(built: BuiltWorld, caller: VerifiedCaller, by: Retriever = retriever): Promise<number[]> {
    const { passages } = await by.search(caller, everything);
    return [...new Set(passages.map((passage) => built.documentIds.indexOf(passage.documentId)))].sort();
  }
  const allowed = (world: World, user: number): number[] =>
    world.documents.flatMap((document, at) => {
      const reader = world.users[user];
      return reader && mayRead(world, reader, document) ? [at] : [];
    });

  it("P1, P2: finds, reads and lists exactly what the oracle allows", async () => {
    await fc.assert(
      fc.asyncProperty(anyWorld, async (world) => {
        const built = await buildWorld(platform(), world);
        for (const [user, caller] of built.callers.entries()) {
          const expected = allowed(world, user);
          expect(await find(built, caller)).toEqual(expected);
          const listed = await retriever.list(caller);
          expect(listed.map((document) => built.documentIds.indexOf(document.id)).sort()).toEqual(expected);
          for (const [at, documentId] of built.documentIds.entries()) {
            const text = await retriever.read(caller, documentId).catch((problem: unknown) => problem);
            if (expected.includes(at)) expect(text).toHaveLength(world.documents[at]?.chunks ?? -1);
            else expect(text).toMatchObject({ code: "not-found" });
          }
        }
      }),
      { ...runs(15), examples: [[everyReason]] },
    );
  });

  it("P1, P2: each stage alone lets through no document that its half of the facts refuses", async () => {
    await fc.assert(
      fc.asyncProperty(anyWorld, async (world) => {
        const built = await buildWorld(platform(), world);
        for (const [user, caller] of built.callers.entries()) {
          // Stage one knows rights alone: hits are what the oracle would allow if every version and document were live.
          const live: World = {
            ...world,
            documents: world.documents.map((document) => ({
              ...document,
              state: "live" as const,
              acl: document.acl ?? { allow: ["all"], deny: [], level: 0 },
            })),
          };
          const hits: string[] = [];
          const watched: VectorStore = {
            ...store,
            search: async (filter, query) => {
              const found = await store.search(filter, query);
              hits.push(...found.map((hit) => hit.documentId));
              return found;
            },
          };
          await find(built, caller, createRetriever({ db: database.db, store: watched, embedder, logger }));
          const places = [...new Set(hits.map((id) => built.documentIds.indexOf(id)))].sort();
          expect(places).toEqual(allowed(live, user));

          // Stage two holds even if the index ignores the filter.
          const lax: VectorStore = {
            ...store,
            search: (_filter, query) =>
              store.search({ clauses: [] }, { ...query, documentIds: built.documentIds, limit: 1_000 }),
          };
          const checked = createRetriever({ db: database.db, store: lax, embedder, logger });
          expect(await find(built, caller, checked)).toEqual(allowed(world, user));
        }
      }),
      { ...runs(12), examples: [[everyReason]] },
    );
  });

  it("P4: adding a deny or removing an allow never adds a result", async () => {
    const change = fc.record({ document: fc.nat(7), deny: fc.option(anyWho, { nil: undefined }), drop: fc.nat(2) });
    await fc.assert(
      fc.asyncProperty(anyWorld, change, async (world, { document, deny, drop }) => {
        const built = await buildWorld(platform(), world);
        const at = document % world.documents.length;
        const target = world.documents[at];
        fc.pre(target?.acl !== undefined && target.state !== "deleted");
        const before = await Promise.all(built.callers.map((caller) => find(built, caller)));
        const stricter = deny
          ? { ...target.acl, deny: [...target.acl.deny, deny] }
          : { ...target.acl, allow: target.acl.allow.filter((_, place) => place !== drop) };
        await setAcl(database.db, built.documentIds[at] ?? "", built.acl(stricter), "system");
        await createAclSync({ db: database.db, store, logger }).runOnce();
        for (const [user, caller] of built.callers.entries()) {
          expect(before[user]).toEqual(expect.arrayContaining(await find(built, caller)));
        }
      }),
      runs(8),
    );
  });

  it("P5: a revocation holds from its commit on, a grant from the next sync on", async () => {
    await fc.assert(
      fc.asyncProperty(anyWorld, fc.nat(7), anyAcl, async (world, document, acl) => {
        const built = await buildWorld(platform(), world);
        const at = document % world.documents.length;
        fc.pre(world.documents[at]?.state === "live");
        const before = world;
        const after: World = {
          ...world,
          documents: world.documents.map((old, place) => (place === at ? { ...old, acl } : old)),
        };
        await setAcl(database.db, built.documentIds[at] ?? "", built.acl(acl), "system");
        for (const [user, caller] of built.callers.entries()) {
          // The index still has the old rights: what is found was allowed then and is allowed now.
          const both = allowed(after, user).filter((place) => place !== at || wasIndexedFor(before, user, at));
          expect(await find(built, caller)).toEqual(both);
        }
        const sync = createAclSync({ db: database.db, store, logger });
        expect((await sync.lag()).documents).toBeGreaterThan(0);
        while ((await sync.runOnce()) > 0);
        expect(await sync.lag()).toEqual({ documents: 0, seconds: 0 });
        for (const [user, caller] of built.callers.entries()) {
          expect(await find(built, caller)).toEqual(allowed(after, user));
        }
      }),
      runs(10),
    );
  });

  /** Whether the index let a user through to a document; without an ACL it holds "everybody", see `indexVersion`. */
  function wasIndexedFor(world: World, user: number, at: number): boolean {
    const document = world.documents[at];
    const reader = world.users[user];
    if (!document || !reader) return false;
    return mayRead(world, reader, { ...document, acl: document.acl ?? { allow: ["all"], deny: [], level: 0 } });
  }

  it("P6: documents one cannot see change neither what is found nor its order", async () => {
    // A word in no document is found by its vector alone.
    const words = (await countsWordsByRights(kind)) ? worldWords : (["inconnu", "absent"] as const);
    const question = fc.uniqueArray(fc.constantFrom(...words), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(anyWorld, fc.nat(3), question, async (any, who, asked) => {
        // Hidden by rights alone: what was deleted a moment ago could be read until then, and is in the index until purged.
        const published = { state: "live", hasOldVersion: false } as const;
        const world: World = {
          ...any,
          documents: any.documents.flatMap((document) => (document.acl ? [{ ...document, ...published }] : [])),
        };
        const built = await buildWorld(platform(), world);
        const user = who % built.callers.length;
        const ask = async () => {
          const request = { query: asked.join(" "), limit: 100, exact: true };
          const { passages } = await retriever.search(built.callers[user] as VerifiedCaller, request);
          return passages.map((passage) => passage.chunkId);
        };
        const before = await ask();
        const seen = allowed(world, user);
        const hidden = built.documentIds.filter((_, at) => !seen.includes(at));
        await Promise.all(hidden.map((documentId) => store.remove(documentId)));
        expect(await ask()).toEqual(before);
      }),
      runs(15),
    );
  });
});
