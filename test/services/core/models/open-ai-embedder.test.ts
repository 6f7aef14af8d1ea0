import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createEmbedder } from "@ai-platform/core/models/open-ai-embedder.ts";
import { startHashEmbedder, type HashEmbedderServer } from "../../../support/hash-embedder.ts";

let server: HashEmbedderServer;
beforeAll(async () => {
  server = await startHashEmbedder(8);
});
beforeEach(() => server.disturb(undefined));
afterAll(() => server.close());

const embedder = (dimensions = 8) =>
  createEmbedder({ baseUrl: server.baseUrl, model: "hash", dimensions, backoffMs: 1 });
const texts = (count: number) => Array.from({ length: count }, (_, n) => `text number ${n}`);

describe("createEmbedder", () => {
  it("sends at most 32 texts at a time and keeps their order", async () => {
    const vectors = await embedder().embed(texts(70));
    expect(server.batches).toEqual([32, 32, 6]);
    expect(vectors[69]).toEqual((await embedder().embed(["text number 69"]))[0]);
    expect(vectors[0]).not.toEqual(vectors[69]);
  });

  it("gives unit vectors whatever the server sends", async () => {
    const [vector = []] = await embedder().embed(["préavis"]);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 9);
  });

  it("halves the batch while the server has too much to do", async () => {
    server.disturb((_request, batch) => (batch.length > 10 ? 429 : undefined));
    expect(await embedder().embed(texts(32))).toHaveLength(32);
    expect(server.batches).toEqual([32, 16, 8, 8, 16, 8, 8]);
  });

  it("tries again after a failure that may pass", async () => {
    server.disturb((request) => (request < 3 ? 503 : undefined));
    expect(await embedder().embed(["a"])).toHaveLength(1);
    expect(server.batches).toHaveLength(3);
  });

  it.each([
    ["a refusal at once", 401, 1, "answers with status 401"],
    ["a text that stays too long at once", 413, 1, "too long"],
    ["an overload that does not end", 429, 6, "answers with status 429"],
  ])("gives up on %s", async (_case, status, requests, message) => {
    server.disturb(() => status);
    await expect(embedder().embed(["a"])).rejects.toThrow(message);
    expect(server.batches).toHaveLength(requests);
  });

  it("refuses vectors of another length than configured", async () => {
    await expect(embedder(16).embed(["a"])).rejects.toThrow("vectors of 8 numbers where 16 are configured");
    expect(server.batches).toHaveLength(1);
  });

  it("stops when the caller goes away", async () => {
    server.disturb(() => 429);
    const gone = new AbortController();
    const slow = createEmbedder({ baseUrl: server.baseUrl, model: "hash", dimensions: 8, backoffMs: 10_000 });
    const answer = slow.embed(["a"], gone.signal);
    setTimeout(() => gone.abort(), 20);
    await expect(answer).rejects.toThrow(/abort/i);
  });

  it("says so when nobody listens", async () => {
    const lost = createEmbedder({ baseUrl: "http://127.0.0.1:9/v1", model: "hash", dimensions: 8, backoffMs: 1 });
    await expect(lost.embed(["a"])).rejects.toThrow("does not answer");
  });
});
