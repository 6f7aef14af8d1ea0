import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccessFilter } from "@ai-platform/core/access/filter.ts";
import type { Database } from "@ai-platform/core/db/database.ts";
import type { VectorQuery, VectorStore } from "@ai-platform/core/vector/store.ts";
import { openTestDatabase } from "../../../support/database.ts";
import { openTestStore, qdrantUrl, testChunk, testedStores } from "../../../support/vector.ts";

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

/** Everything in one tenant of its own, so that tests do not see each other. */
const within = (tenant: string): AccessFilter => ({ clauses: [{ field: "tenant", is: tenant }] });

const ask = (text: string, query: Partial<VectorQuery> = {}): VectorQuery => ({
  text,
  language: "fr",
  limit: 10,
  ...query,
});

describe.each(testedStores())("%s keeps the VectorStore contract", (kind) => {
  let store: VectorStore;
  let tenant: string;
  const collection = `test-${randomUUID()}`;
  beforeAll(async () => {
    store = await openTestStore(kind, database, 3, collection);
  });
  afterAll(() => store.close());

  const found = async (filter: AccessFilter, query: VectorQuery) =>
    (await store.search(filter, query)).map((hit) => hit.chunkId);

  it("prepares twice without harm", async () => {
    await store.prepare();
    await store.ping();
  });

  it("learns vectors later, when an embedding server is configured", async () => {
    const later = `test-${randomUUID()}`;
    const other = await openTestDatabase();
    const words = await openTestStore(kind, other, undefined, later);
    tenant = randomUUID();
    const [old, fresh] = [testChunk({ tenant }), testChunk({ tenant, text: "alpha", embedding: [1, 0, 0] })];
    await words.upsert([old]);
    const both = await openTestStore(kind, other, 3, later);
    await both.upsert([fresh]);
    const hits = await both.search(within(tenant), ask("préavis", { embedding: [1, 0, 0] }));
    expect(hits.map((hit) => hit.chunkId).sort()).toEqual([old.id, fresh.id].sort());
    await both.close();
    await other.close();
  });

  describe("finding", () => {
    it.each([
      ["accents missing in the question", "fr", "Les congés payés de l'employé", "conges payes employes"],
      ["accents missing in the document", "fr", "Les conges payes de l'employe", "congés payés de l'employée"],
      ["French inflection", "fr", "Le salarié démissionne", "démissionner salariés"],
      ["English inflection", "en", "Restarting the printers", "restart printer"],
      ["Arabic articles and alef forms", "ar", "يستفيد الأجير من الإجازة السنوية", "اجازة الاجراء السنوية"],
      ["Arabic vowel signs", "ar", "الأَجْرُ المُؤَدَّى عَنْهُ", "الأجر"],
      ["Eastern digits", "ar", "المادة ٢٣١ من مدونة الشغل", "المادة 231"],
      ["another script's number", "fr", "Article 231 du code du travail", "231"],
      ["a whole question", "fr", "Préavis des cadres : trois mois", "Quelle est la durée du préavis pour un cadre ?"],
    ] as const)("matches %s", async (_case, language, text, question) => {
      tenant = randomUUID();
      const chunk = testChunk({ tenant, language, text });
      await store.upsert([chunk, testChunk({ tenant, language: "en", text: "Nothing to see" })]);
      expect(await found(within(tenant), ask(question, { language }))).toEqual([chunk.id]);
    });

    it("finds names and numbers in a document of another language", async () => {
      tenant = randomUUID();
      const chunk = testChunk({ tenant, language: "fr", text: "L'article 39 de la loi 65-99, rapporteur Benjelloun" });
      await store.upsert([chunk]);
      expect(await found(within(tenant), ask("what does 65-99 say", { language: "en" }))).toEqual([chunk.id]);
      expect(await found(within(tenant), ask("who is Benjelloun", { language: "en" }))).toEqual([chunk.id]);
    });

    it("puts the chunk with the rarer words first", async () => {
      tenant = randomUUID();
      const common = Array.from({ length: 6 }, (_, n) =>
        testChunk({ tenant, text: `Le contrat de travail numéro ${n}` }),
      );
      const rare = testChunk({ tenant, text: "La démission est donnée par écrit" });
      await store.upsert([...common, rare]);
      expect((await found(within(tenant), ask("démission et contrat de travail")))[0]).toBe(rare.id);
    });

    it("ranks by embedding where the words do not match", async () => {
      tenant = randomUUID();
      const near = testChunk({ tenant, text: "alpha", embedding: [0.8, 0.6, 0] });
      const far = testChunk({ tenant, text: "beta", embedding: [0, 0, 1] });
      await store.upsert([far, near]);
      for (const exact of [true, false]) {
        expect(await found(within(tenant), ask("gamma", { embedding: [1, 0, 0], exact }))).toEqual([near.id, far.id]);
      }
    });

    it("keeps the limit and answers an empty question with nothing", async () => {
      tenant = randomUUID();
      await store.upsert(Array.from({ length: 8 }, () => testChunk({ tenant })));
      expect(await found(within(tenant), ask("préavis", { limit: 3 }))).toHaveLength(3);
      expect(await found(within(tenant), ask(" … ' \\ & | ! :* "))).toEqual([]);
    });

    it("survives text made to break a query parser", async () => {
      tenant = randomUUID();
      const chunk = testChunk({ tenant, text: 'robot\'s "quote" \\ back:slash <-> & | !' });
      await store.upsert([chunk]);
      expect(await found(within(tenant), ask("robot' & !:* \\'); drop table chunks --"))).toEqual([chunk.id]);
    });
  });

  describe("filtering", () => {
    it("applies each clause", async () => {
      tenant = randomUUID();
      const open = testChunk({ tenant, allow: ["group:dir:a", "user:u1"], level: 1 });
      const denied = testChunk({ tenant, allow: ["group:dir:a"], deny: ["user:u1"] });
      const secret = testChunk({ tenant, allow: ["group:dir:a"], level: 3 });
      const nobody = testChunk({ tenant, allow: [] });
      await store.upsert([open, denied, secret, nobody, testChunk({ tenant: randomUUID() })]);
      const only = (...clauses: AccessFilter["clauses"]) =>
        found({ clauses: [...within(tenant).clauses, ...clauses] }, ask("préavis"));
      expect((await only()).sort()).toEqual([open, denied, secret, nobody].map((chunk) => chunk.id).sort());
      expect((await only({ field: "level", atMost: 2 })).sort()).toEqual(
        [open, denied, nobody].map((c) => c.id).sort(),
      );
      expect(await only({ field: "allow", anyOf: ["user:u1", "user:u9"] })).toEqual([open.id]);
      expect(await only({ field: "allow", anyOf: [] })).toEqual([]);
      expect((await only({ field: "deny", noneOf: ["user:u1"] })).sort()).toEqual(
        [open, secret, nobody].map((c) => c.id).sort(),
      );
    });

    it("narrows by collection and document", async () => {
      tenant = randomUUID();
      const hr = testChunk({ tenant });
      const it = testChunk({ tenant, collection: "it" });
      await store.upsert([hr, it]);
      expect(await found(within(tenant), ask("préavis", { collections: ["it"] }))).toEqual([it.id]);
      expect(await found(within(tenant), ask("préavis", { collections: [] }))).toEqual([]);
      expect(await found(within(tenant), ask("préavis", { documentIds: [hr.documentId] }))).toEqual([hr.id]);
      expect(await found(within(tenant), ask("préavis", { documentIds: [] }))).toEqual([]);
    });
  });

  describe("writing", () => {
    it("takes the same chunk twice", async () => {
      tenant = randomUUID();
      const chunk = testChunk({ tenant });
      await store.upsert([chunk]);
      await store.upsert([chunk]);
      expect(await found(within(tenant), ask("préavis"))).toEqual([chunk.id]);
    });

    it("copies newer rights and ignores older ones", async () => {
      tenant = randomUUID();
      const chunk = testChunk({ tenant, aclVersion: 5 });
      const reader = (principal: string): AccessFilter => ({
        clauses: [...within(tenant).clauses, { field: "allow", anyOf: [principal] }],
      });
      await store.upsert([chunk]);
      const acl = { tenant, deny: [], level: 0 };
      await store.setAcl(chunk.documentId, { ...acl, allow: ["user:new"], aclVersion: 7 });
      await store.setAcl(chunk.documentId, { ...acl, allow: ["user:late"], aclVersion: 6 });
      await store.upsert([chunk]);
      expect(await found(reader("user:new"), ask("préavis"))).toEqual([chunk.id]);
      expect(await found(reader("user:late"), ask("préavis"))).toEqual([]);
      expect(await found(reader("tenant:all"), ask("préavis"))).toEqual([]);
    });

    it("removes versions below a number, single chunks, and whole documents", async () => {
      tenant = randomUUID();
      const documentId = randomUUID();
      const versions = [1, 2, 3].map((documentVersion) => testChunk({ tenant, documentId, documentVersion }));
      const other = testChunk({ tenant });
      await store.upsert([...versions, other]);
      await store.remove(documentId, 2);
      expect((await found(within(tenant), ask("préavis"))).sort()).toEqual(
        [versions[1]?.id, versions[2]?.id, other.id].sort(),
      );
      await store.removeChunks([versions[1]?.id ?? ""]);
      await store.removeChunks([]);
      expect((await found(within(tenant), ask("préavis"))).sort()).toEqual([versions[2]?.id, other.id].sort());
      await store.remove(documentId);
      expect(await found(within(tenant), ask("préavis"))).toEqual([other.id]);
    });

    it("lists every chunk once, in pages", async () => {
      const mine = Array.from({ length: 5 }, () => testChunk({ tenant: randomUUID() }));
      await store.upsert(mine);
      const seen: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await store.list(after, 2);
        if (page.length === 0) break;
        seen.push(...page.map((hit) => hit.chunkId));
        after = seen.at(-1);
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(expect.arrayContaining(mine.map((chunk) => chunk.id)));
    });
  });

  if (kind === "qdrant") {
    it("has an index for every field it filters by, and refuses any other", async () => {
      const ask = async (key: string) => {
        const body = JSON.stringify({ filter: { must: [{ key, match: { value: "x" } }] } });
        const request = { method: "POST", headers: { "content-type": "application/json" }, body };
        return (await fetch(new URL(`/collections/${collection}/points/scroll`, qdrantUrl), request)).status;
      };
      for (const key of ["tenant", "allow", "deny", "collection", "document_id"]) expect(await ask(key)).toBe(200);
      expect(await ask("title")).toBe(400);
    });
  }

  it("refuses to mix the vectors of two models", async () => {
    await expect(openTestStore(kind, database, 4, collection)).rejects.toThrow(
      "holds vectors of test-embedder with 3 dimensions",
    );
  });
});
