import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRetriever } from "@ai-platform/core/access/create-retriever.ts";
import type { AccessRights } from "@ai-platform/core/access/model.ts";
import type { Retriever } from "@ai-platform/core/access/retriever.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { constructVerifiedCaller, type VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import type { Embedder } from "@ai-platform/core/models/embedder.ts";
import { createQdrantStore } from "@ai-platform/core/vector/qdrant-store.ts";

interface Filter {
  readonly must: readonly unknown[];
  readonly must_not: readonly unknown[];
}
interface QueryBody {
  readonly limit: number;
  readonly filter: Filter;
  readonly prefetch: readonly { readonly filter: Filter; readonly using: string }[];
}

/** Stands where Qdrant would, keeps what is sent and finds nothing. */
const sent: { path: string; body: QueryBody }[] = [];
let server: Server;
let retriever: Retriever;
let embedded = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    void readText(request).then((body) => {
      sent.push({ path: request.url ?? "", body: JSON.parse(body) as QueryBody });
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ result: { points: [] }, status: "ok", time: 0 }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const qdrantUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const embedder: Embedder = {
    model: "test",
    dimensions: 2,
    embed: async (texts) => {
      embedded += 1;
      return texts.map(() => [1, 0]);
    },
  };
  // Nothing is found, so nothing is looked up: touching the database fails the test.
  const db = Object.create(new Proxy({}, { get: () => expect.fail("the database was asked") })) as Db;
  const store = createQdrantStore(db, { qdrantUrl, dimensions: 2 });
  retriever = createRetriever({ db, store, embedder, logger: createLogger({ service: "test", level: "silent" }) });
});
beforeEach(() => {
  sent.length = 0;
  embedded = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const callerWith = (rights: AccessRights): VerifiedCaller =>
  constructVerifiedCaller({
    ...rights,
    subject: "u",
    username: "u",
    displayName: "u",
    department: "hr",
    grants: [],
    credential: { kind: "token", sessionId: "s" },
  });

const anyRights = fc.record({
  tenant: fc.constantFrom("acme", "other"),
  principals: fc.uniqueArray(fc.constantFrom("tenant:all", "user:u", "group:dir:a", "role:employee"), { minLength: 1 }),
  clearance: fc.nat(3),
});

/** What a hostile client might put into a search, known fields and others. */
const hostile = fc.constantFrom<unknown>("acme", "*", 3, true, null, ["tenant:all"], { should: [] }, { must: [] }, []);
const anyRequest = fc
  .tuple(
    fc.record(
      {
        query: fc.oneof(fc.string({ minLength: 1 }), fc.constant("préavis OR 1=1")),
        collections: fc.array(fc.string()),
        documentIds: fc.array(fc.oneof(fc.uuid(), fc.string())),
        limit: fc.oneof(fc.integer(), fc.double()),
        language: fc.constantFrom("fr", "ar", "en", "simple"),
        exact: fc.boolean(),
      },
      { requiredKeys: ["query"] },
    ),
    fc.dictionary(
      fc.constantFrom(
        "filter",
        "tenant",
        "principals",
        "clearance",
        "must",
        "prefetch",
        "clauses",
        "level",
        "__proto__",
      ),
      hostile,
    ),
  )
  .map(([known, extra]) => ({ ...extra, ...known }));

describe("what is sent to Qdrant", () => {
  it("P7: carries the caller's rights in the outer query and every prefetch, whatever the request says", async () => {
    await fc.assert(
      fc.asyncProperty(anyRights, anyRequest, async (rights, request) => {
        sent.length = 0;
        await retriever.search(callerWith(rights), request);
        const principals = [...rights.principals].sort();
        const must = [
          { key: "tenant", match: { value: rights.tenant } },
          { key: "level", range: { lte: rights.clearance } },
          { key: "allow", match: { any: principals } },
        ];
        const mustNot = [{ key: "deny", match: { any: principals } }];
        for (const { path, body } of sent) {
          expect(path).toMatch(/\/points\/query(\?|$)/);
          expect(body.prefetch.length).toBeGreaterThan(0);
          expect(body.limit).toBeGreaterThan(0);
          for (const { filter } of [body, ...body.prefetch]) {
            expect(filter.must.slice(0, must.length)).toEqual(must);
            expect(filter.must_not).toEqual(mustNot);
            // Nothing but the narrowing follows, and nothing that widens is there.
            for (const condition of filter.must.slice(must.length)) {
              expect(["collection", "document_id"]).toContain((condition as { key: string }).key);
            }
            expect(Object.keys(filter).sort()).toEqual(["must", "must_not"]);
          }
        }
        expect(sent.length).toBe(request.query.trim() === "" ? 0 : 1);
      }),
      { numRuns: 200 },
    );
  });

  it("counts how rare words are among readable chunks alone", async () => {
    await retriever.search(callerWith({ tenant: "acme", principals: ["user:u"], clearance: 1 }), { query: "préavis" });
    const lexical = sent[0]?.body.prefetch.filter((search) => search.using.startsWith("bm25")) ?? [];
    expect(lexical.length).toBeGreaterThan(0);
    for (const search of lexical) {
      expect(search).toHaveProperty("params.idf.corpus.must", sent[0]?.body.filter.must);
      expect(search).toHaveProperty("params.idf.corpus.must_not", sent[0]?.body.filter.must_not);
    }
  });

  it("P3: nothing is embedded and nothing is sent for a caller without principals", async () => {
    const nobody = callerWith({ tenant: "acme", principals: [], clearance: 3 });
    const { passages, rights } = await retriever.search(nobody, { query: "préavis" });
    expect(passages).toEqual([]);
    expect(rights.dropped).toBe(0);
    expect(sent).toEqual([]);
    expect(embedded).toBe(0);
  });
});
