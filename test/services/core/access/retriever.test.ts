import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { setAcl } from "@ai-platform/core/access/acl-store.ts";
import { createRetriever } from "@ai-platform/core/access/create-retriever.ts";
import type { Retriever } from "@ai-platform/core/access/retriever.ts";
import type { Database } from "@ai-platform/core/db/database.ts";
import { constructVerifiedCaller, type VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import { createEmbedder } from "@ai-platform/core/models/open-ai-embedder.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { openTestDatabase } from "../../../support/database.ts";
import { startHashEmbedder, type HashEmbedderServer } from "../../../support/hash-embedder.ts";
import { openTestStore } from "../../../support/vector.ts";
import { buildWorld, type BuiltWorld, type World, type WorldDocument } from "../../../support/world.ts";

const document = (changes: Partial<WorldDocument> = {}): WorldDocument => ({
  tenant: 0,
  state: "live",
  acl: { allow: ["all"], deny: [], level: 0 },
  words: ["contrat"],
  chunks: 1,
  hasOldVersion: false,
  ...changes,
});
const world: World = {
  users: [{ tenant: 0, department: "hr", roles: ["employee"], groups: [], clearance: 1 }],
  nesting: [],
  documents: [
    ...Array.from({ length: 12 }, () => document()),
    document({ words: ["serveur"], chunks: 5 }),
    document({ words: ["salaire"], acl: { allow: ["all"], deny: [], level: 2 } }),
  ],
};
const [longDocument, secretDocument] = [12, 13];

const logger = createLogger({ service: "test", level: "silent" });
let database: Database;
let server: HashEmbedderServer;
let store: VectorStore;
let retriever: Retriever;
let built: BuiltWorld;
let caller: VerifiedCaller;
beforeAll(async () => {
  [database, server] = await Promise.all([openTestDatabase(), startHashEmbedder()]);
  store = await openTestStore("pgvector", database, server.dimensions);
  const { dimensions, baseUrl } = server;
  const embedder = createEmbedder({ baseUrl, model: "test-embedder", dimensions, backoffMs: 1 });
  retriever = createRetriever({ db: database.db, store, embedder, logger });
  built = await buildWorld({ db: database.db, store, embedder }, world);
  caller = built.callers[0] as VerifiedCaller;
});
beforeEach(() => server.disturb(undefined));
afterAll(async () => {
  await server.close();
  await database.close();
});
const id = (at: number) => built.documentIds[at] ?? "";

describe("search", () => {
  it("brings as many passages as asked for although revoked ones are dropped, and counts those", async () => {
    const { passages } = await retriever.search(caller, { query: "contrat", limit: 4 });
    const revoked = new Set(passages.map((passage) => passage.documentId));
    for (const documentId of revoked)
      await setAcl(database.db, documentId, { allow: [], deny: [], level: 0 }, "system");
    const after = await retriever.search(caller, { query: "contrat", limit: 4 });
    expect(after.passages).toHaveLength(4);
    expect(after.rights.dropped).toBe(4);
    for (const passage of after.passages) expect(revoked).not.toContain(passage.documentId);
  });

  it("says what a citation needs and nothing about scores", async () => {
    const { passages } = await retriever.search(caller, {
      query: "serveur",
      documentIds: [id(longDocument)],
      limit: 1,
    });
    expect(Object.keys(passages[0] ?? {}).sort()).toEqual(
      "aclVersion chunkId collection documentId documentVersion headingPath language level meta ordinal pageFrom pageTo source text title"
        .split(" ")
        .sort(),
    );
  });

  it("goes on with words alone when the embedding server fails, and says so", async () => {
    expect(await retriever.search(caller, { query: "serveur" })).not.toHaveProperty("degraded");
    server.disturb(() => 500);
    const { passages, degraded } = await retriever.search(caller, { query: "serveur" });
    expect(degraded).toBe("lexical-only");
    expect(passages[0]?.documentId).toBe(id(longDocument));
  });

  it("records the rights it was computed with: equal for equal rights, different for others", async () => {
    const search = (who: VerifiedCaller, collections?: string[]) =>
      retriever.search(who, { query: "x", ...(collections ? { collections } : {}) });
    const { rights } = await search(caller);
    const same = (await search(caller)).rights;
    expect([same.principalsHash, same.filterHash]).toEqual([rights.principalsHash, rights.filterHash]);
    expect((await search(caller, ["hr"])).rights.filterHash).not.toBe(rights.filterHash);
    const { subject, username, displayName, tenant, department, principals, credential } = caller;
    const person = { subject, username, displayName, tenant, department, principals, credential, grants: [] };
    const cleared = constructVerifiedCaller({ ...person, clearance: 2 });
    expect((await search(cleared)).rights).toMatchObject({ principalsHash: rights.principalsHash });
    expect((await search(cleared)).rights.filterHash).not.toBe(rights.filterHash);
  });

  it("takes ids that are none, empty questions and odd limits without an error", async () => {
    expect((await retriever.search(caller, { query: "serveur", documentIds: ["'; drop"] })).passages).toEqual([]);
    expect((await retriever.search(caller, { query: " \n" })).passages).toEqual([]);
    for (const limit of [-1, 0, 1.5, NaN]) {
      expect((await retriever.search(caller, { query: "serveur", limit })).passages.length).toBeGreaterThan(0);
    }
  });

  it("stops when the caller goes away", async () => {
    await expect(retriever.search(caller, { query: "serveur" }, AbortSignal.abort())).rejects.toThrow(/abort/i);
  });
});

describe("read", () => {
  it("pages through a document in order", async () => {
    const ordinals = async (range: { from?: number; limit?: number }) =>
      (await retriever.read(caller, id(longDocument), range)).map((passage) => passage.ordinal);
    expect(await ordinals({})).toEqual([0, 1, 2, 3, 4]);
    expect(await ordinals({ from: 1, limit: 2 })).toEqual([1, 2]);
    expect(await ordinals({ from: 9 })).toEqual([]);
  });

  it("answers alike for a document that is none, secret or not an id, whatever the range", async () => {
    const problems = await Promise.all(
      [id(secretDocument), "0198c0de-0000-7000-8000-000000000000", "x"].flatMap((documentId) =>
        [{}, { from: 99 }].map((range) => retriever.read(caller, documentId, range).catch((error: unknown) => error)),
      ),
    );
    expect(new Set(problems.map(String)).size).toBe(1);
    expect(problems[0]).toMatchObject({ code: "not-found" });
  });
});

describe("list", () => {
  it("pages by title and tells nothing about where a hidden document stands", async () => {
    const all = await retriever.list(caller);
    const first = await retriever.list(caller, { limit: 3 });
    const rest = await retriever.list(caller, { after: first.at(-1)?.id ?? "", limit: 100 });
    expect([...first, ...rest]).toEqual(all);
    expect(all.map((readable) => readable.id)).not.toContain(id(secretDocument));
    for (const after of [id(secretDocument), "0198c0de-0000-7000-8000-000000000000", "x"]) {
      expect(await retriever.list(caller, { after })).toEqual([]);
    }
  });
});

describe("a caller without principals", () => {
  it("P3: finds, lists and reads nothing", async () => {
    const { subject, username, displayName, tenant, department, credential } = caller;
    const person = { subject, username, displayName, tenant, department, credential, grants: [] };
    const nobody = constructVerifiedCaller({ ...person, principals: [], clearance: 3 });
    expect((await retriever.search(nobody, { query: "contrat" })).passages).toEqual([]);
    expect(await retriever.list(nobody)).toEqual([]);
    await expect(retriever.read(nobody, id(0))).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("without an answer cache", () => {
  // P8 speaks of cache hits. There is no answer cache yet; what it rests on is that passages once given out are refused
  // by the post-check as soon as the rights are gone, which is what a cache entry will have to pass.
  it("P8, as far as it goes: the same question a second time is checked again", async () => {
    const ask = () => retriever.search(caller, { query: "serveur", documentIds: [id(longDocument)] });
    expect((await ask()).passages).toHaveLength(5);
    await setAcl(database.db, id(longDocument), { allow: ["tenant:all"], deny: ["tenant:all"], level: 0 }, "system");
    expect((await ask()).passages).toEqual([]);
  });
});
