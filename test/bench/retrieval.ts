import { randomUUID } from "node:crypto";
import { buildAccessFilter, type AccessFilter } from "@ai-platform/core/access/filter.ts";
import { openEmbedded, openPostgres, type Database } from "@ai-platform/core/db/database.ts";
import { constructVerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import { openVectorStore } from "@ai-platform/core/vector/open-store.ts";
import type { IndexedChunk, VectorQuery, VectorStore } from "@ai-platform/core/vector/store.ts";
import { createRandom, percentile, printTable } from "./support.ts";

/** Length of the vectors: enough for the index to work for its answers, little enough to build one in a minute. */
const dimensions = 128;
const tenant = `bench-${randomUUID()}`;
/** Percent of the chunks that a caller may read. */
const selectivities = [0.1, 1, 10, 100] as const;
const rounds = 200;
const warmUp = 20;

/** Nothing but the bench and the tests' lax store search without rights: it is the other half of the comparison. */
const unfiltered: AccessFilter = { clauses: [] };

/** Filtered against unfiltered search on one store, by how much of it the caller may read. */
export async function benchRetrieval(): Promise<void> {
  const { QDRANT_URL: qdrantUrl, DATABASE_URL: databaseUrl, QDRANT_API_KEY: qdrantApiKey } = process.env;
  const database: Database = databaseUrl ? await openPostgres(databaseUrl) : await openEmbedded();
  const store = openVectorStore({
    database,
    dimensions,
    model: "bench",
    ...(qdrantUrl ? { qdrantUrl, qdrantCollection: tenant } : {}),
    ...(qdrantApiKey ? { qdrantApiKey } : {}),
  });
  const count = Number(process.env.BENCH_CHUNKS) || (qdrantUrl || databaseUrl ? 100_000 : 10_000);
  try {
    await store.prepare();
    const started = performance.now();
    await fill(store, count);
    const seconds = (performance.now() - started) / 1_000;
    const where = qdrantUrl ? "Qdrant" : databaseUrl ? "Postgres server" : "embedded Postgres";
    console.log(
      `\nRetrieval on ${where}: ${count} chunks, ${dimensions} dimensions, indexed at ${Math.round(count / seconds)} chunks/s`,
    );
    await settle(store);
    for (const [kind, withWords] of [
      ["hybrid", true],
      ["dense", false],
    ] as const) {
      const rows = [];
      for (const percent of selectivities) rows.push(await compare(store, percent, withWords));
      printTable(`${kind} search, ms; ${rounds} searches each way, in turns`, rows);
    }
  } finally {
    await store.close();
    await database.close();
    if (qdrantUrl) {
      const headers = qdrantApiKey ? { "api-key": qdrantApiKey } : {};
      await fetch(new URL(`/collections/${tenant}`, qdrantUrl), { method: "DELETE", headers });
    }
  }
}

async function compare(
  store: VectorStore,
  percent: number,
  withWords: boolean,
): Promise<Record<string, string | number>> {
  const filter = filterFor(percent);
  const random = createRandom(7);
  const times = { filtered: [] as number[], unfiltered: [] as number[] };
  let found = 0;
  let wanted = 0;
  for (let round = -warmUp; round < rounds; round++) {
    const query: VectorQuery = {
      text: withWords ? Array.from({ length: 4 }, () => random.word()).join(" ") : "",
      language: "fr",
      embedding: random.vector(dimensions),
      limit: 16,
    };
    const filtered = await timed(() => store.search(filter, query));
    const open = await timed(() => store.search(unfiltered, query));
    if (round < 0) continue;
    times.filtered.push(filtered.ms);
    times.unfiltered.push(open.ms);
    if (withWords || round % 4 !== 0) continue;
    const exact = await store.search(filter, { ...query, limit: 10, exact: true });
    const hits = new Set(filtered.result.slice(0, 10).map((hit) => hit.chunkId));
    found += exact.filter((hit) => hits.has(hit.chunkId)).length;
    wanted += exact.length;
  }
  const [p50, p99] = [50, 99].map((at) => percentile(times.filtered, at)) as [number, number];
  const [open50, open99] = [50, 99].map((at) => percentile(times.unfiltered, at)) as [number, number];
  return {
    "readable %": percent,
    "filtered p50": p50.toFixed(1),
    p99: p99.toFixed(1),
    "unfiltered p50": open50.toFixed(1),
    "p99 ": open99.toFixed(1),
    "p50 ratio": (p50 / open50).toFixed(2),
    "p99 ratio": (p99 / open99).toFixed(2),
    ...(withWords ? {} : { "recall@10": (found / wanted).toFixed(3) }),
  };
}

async function timed<T>(call: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const started = performance.now();
  const result = await call();
  return { ms: performance.now() - started, result };
}

/** The filter of somebody with the usual number of principals, one of which opens this share of the chunks. */
function filterFor(percent: number): AccessFilter {
  const groups = Array.from({ length: 20 }, (_, at) => `group:bench:other-${String(at)}`);
  const caller = constructVerifiedCaller({
    tenant,
    principals: ["user:bench", "department:hr", "role:employee", `group:bench:${String(percent)}`, ...groups],
    clearance: 2,
    subject: "bench",
    username: "bench",
    displayName: "bench",
    department: "hr",
    grants: [],
    credential: { kind: "token", sessionId: "bench" },
  });
  return buildAccessFilter(caller) ?? unfiltered;
}

async function fill(store: VectorStore, count: number): Promise<void> {
  const random = createRandom(1);
  const batch = 500;
  for (let start = 0; start < count; start += batch) {
    const chunks = Array.from({ length: Math.min(batch, count - start) }, (_, at): IndexedChunk => {
      const number = start + at;
      return {
        id: randomUUID(),
        documentId: randomUUID(),
        documentVersion: 1,
        collection: "hr",
        language: "fr",
        text: Array.from({ length: 80 }, () => random.word()).join(" "),
        embedding: random.vector(dimensions),
        tenant,
        // Every n-th chunk, shuffled: rights have nothing to do with what a chunk is about.
        allow: selectivities
          .filter((percent) => random.next() * 100 < percent)
          .map((percent) => `group:bench:${String(percent)}`),
        deny: number % 10 === 0 ? ["user:somebody-else"] : [],
        level: number % 3,
        aclVersion: 1,
      };
    });
    await store.upsert(chunks);
  }
}

/** Waits until an index built in the background answers as fast as it will. */
async function settle(store: VectorStore): Promise<void> {
  const query: VectorQuery = { text: "", language: "fr", embedding: createRandom(3).vector(dimensions), limit: 10 };
  let best = Infinity;
  for (let steady = 0; steady < 5;) {
    const { ms } = await timed(() => store.search(unfiltered, query));
    steady = ms > best * 0.9 ? steady + 1 : 0;
    best = Math.min(best, ms);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
