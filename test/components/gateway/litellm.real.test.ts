import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GatewayDeployment, renderLitellmConfig } from "../../../components/gateway/litellm-config.ts";
import { type Gateway, startGateway, startRedis, type TestIdentity } from "../../support/litellm.ts";
import { findProgram } from "../../support/programs.ts";
import { type ModelWorker, readBody, startWorker, workerUsage } from "../../support/model-workers.ts";

const litellm = findProgram("litellm", "LITELLM_BIN");
const redisServer = findProgram("redis-server", "REDIS_SERVER_BIN");
const missing = [litellm ? "" : "litellm", redisServer ? "" : "redis-server"].filter(Boolean).join(" and ");
if (missing) console.warn(`skipped: tests against the real LiteLLM need ${missing} (LITELLM_BIN, PATH)`);

interface UsageRow {
  readonly id: string;
  readonly team: string;
  readonly model: string;
  readonly deployment: string | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cost: string;
  readonly outcome: string;
}

const promptPrice = 0.000001;
const completionPrice = 0.000003;
const fullCost = (workerUsage.prompt_tokens * promptPrice + workerUsage.completion_tokens * completionPrice).toFixed(
  12,
);
const nothing = (0).toFixed(12);

describe.skipIf(missing !== "")("the real LiteLLM", () => {
  const workers: Record<string, ModelWorker> = {};
  const rows: UsageRow[] = [];
  let usage: Server;
  let usageIsDown = false;
  let gateway: Gateway;
  let stopRedis: () => Promise<void>;

  const worker = (name: string) => {
    const found = workers[name];
    if (!found) throw new Error(`no worker ${name}`);
    return found;
  };
  const content = async (response: Response) => {
    const body = (await response.json()) as { choices?: { message: { content: string } }[] };
    return body.choices?.[0]?.message.content;
  };
  const ask = async (identity: TestIdentity, body: Record<string, unknown> = { model: "chat" }) => {
    const response = await gateway.chat(identity, body);
    return { status: response.status, content: await content(response) };
  };
  /** Rows written since, once the reporter has had time to flush. */
  const rowsSince = async (start: number, count: number) => {
    for (let wait = 0; wait < 60 && rows.length < start + count; wait += 1) await sleep(250);
    return rows.slice(start);
  };

  beforeAll(async () => {
    for (const name of ["big-1", "big-2", "legal-1", "small-1", "cloud-1", "embed-1"])
      workers[name] = await startWorker(name);
    workers["slow-1"] = await startWorker("slow-1", 1_500);
    usage = createServer((request, response) => {
      void readBody(request).then((body) => {
        response.statusCode = usageIsDown ? 503 : 204;
        if (!usageIsDown) rows.push(...(JSON.parse(body) as { rows: UsageRow[] }).rows);
        response.end();
      });
    });
    await new Promise<void>((resolve) => usage.listen(0, "127.0.0.1", resolve));
    const redis = await startRedis(redisServer ?? "");
    stopRedis = redis.stop;
    const server = { host: "127.0.0.1", port: redis.port };
    const deployment = (id: string, group: string, more: Partial<GatewayDeployment> = {}): GatewayDeployment => ({
      id,
      group,
      servedModel: id,
      baseUrl: worker(id).baseUrl,
      promptPrice,
      completionPrice,
      maxInputTokens: 32_768,
      ...more,
    });
    const config = renderLitellmConfig({
      deployments: [
        deployment("big-1", "chat"),
        deployment("big-2", "chat"),
        deployment("legal-1", "chat", { teams: ["legal"] }),
        deployment("small-1", "fast"),
        deployment("slow-1", "slow"),
        deployment("embed-1", "embedding", { mode: "embedding" }),
        deployment("cloud-1", "cloud", { external: true, provider: "openai" }),
      ],
      fallbacks: { chat: ["fast"], fast: ["cloud"] },
      limitsRedis: server,
      cache: server,
    });
    const endpoint = `http://127.0.0.1:${(usage.address() as AddressInfo).port}/internal/usage`;
    gateway = await startGateway(litellm ?? "", config, endpoint);
  }, 180_000);

  afterAll(async () => {
    await gateway.stop();
    await stopRedis();
    usage.close();
    for (const each of Object.values(workers)) await each.kill();
  });

  const hr: TestIdentity = { team: "hr", models: ["chat", "fast"] };

  it("balances a group over its deployments and keeps a team's own out of it", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(hr)));
    expect(new Set(answers.map((answer) => answer.content))).toEqual(new Set(["big-1", "big-2"]));
  });

  it("routes a department with capacity of its own there, by tag", async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask({ ...hr, team: "legal" })));
    expect(new Set(answers.map((answer) => answer.content))).toEqual(new Set(["legal-1"]));
  });

  it("refuses a model the caller may not use, and hides it from the list", async () => {
    expect((await ask({ team: "hr", models: ["fast"] })).status).toBe(403);
    const list = (await (await gateway.get({ team: "hr", models: ["fast"] }, "/v1/models")).json()) as {
      data: { id: string }[];
    };
    expect(list.data.map((model) => model.id)).toEqual(["fast"]);
  });

  it("serves embeddings to those who may use them, and books them", async () => {
    await sleep(1_500);
    const start = rows.length;
    const response = await gateway.embed({ team: "hr", models: ["embedding"] }, { model: "embedding" });
    expect(await response.json()).toMatchObject({ data: [{ embedding: [0.6, 0.8] }] });
    expect((await gateway.embed(hr, { model: "embedding" })).status).toBe(403);
    const written = await rowsSince(start, 2);
    expect(written).toContainEqual(
      expect.objectContaining({ model: "embedding", outcome: "success", promptTokens: 11, completionTokens: 0 }),
    );
  });

  it("lets the edge's role choose the group, whatever the body says", async () => {
    expect((await ask({ ...hr, role: "fast" }, { model: "auto" })).content).toBe("small-1");
  });

  it.each([{ metadata: { tags: ["team:legal"] } }, { fallbacks: ["cloud"] }, { mock_response: "hi" }, { tags: ["x"] }])(
    "refuses a body that would steer the gateway: %o",
    async (extra) => {
      const response = await gateway.chat(hr, { model: "chat", ...extra });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(Object.keys(extra)[0]);
    },
  );

  it("refuses a wrong gateway key", async () => {
    const response = await fetch(`${gateway.baseUrl}/v1/models`, { headers: { authorization: "Bearer wrong" } });
    expect(response.status).toBe(401);
  });

  it("lets a team have only so many calls under way, and gives the place back", async () => {
    const busy: TestIdentity = { team: "busy", models: ["slow"], concurrentRequests: 2 };
    const wave = () => Promise.all(Array.from({ length: 6 }, () => ask(busy, { model: "slow" })));
    const statuses = (await wave()).map((answer) => answer.status).sort();
    expect(statuses.slice(0, 2)).toEqual([200, 200]);
    expect(statuses.slice(-2)).toEqual([429, 429]);
    await sleep(1_000);
    expect((await wave()).some((answer) => answer.status === 200)).toBe(true);
  });

  it("keeps each team's cache to itself, and documents out of it", async () => {
    const question = (text: string) => ({ model: "chat", messages: [{ role: "user", content: text }] });
    const total = () => worker("big-1").calls.length + worker("big-2").calls.length;
    const before = total();
    const shared: TestIdentity = { ...hr, cache: "team" };
    await ask(shared, question("cached?"));
    await ask(shared, question("cached?"));
    expect(total() - before).toBe(1);
    await ask({ ...shared, team: "it" }, question("cached?"));
    await ask({ ...shared, tenant: "other" }, question("cached?"));
    expect(total() - before).toBe(3);
    await ask(hr, question("cached?"));
    expect(total() - before).toBe(4);
  });

  it("books streams, cache hits and failures to the token", async () => {
    await sleep(1_500);
    const start = rows.length;
    const stream = await gateway.chat(hr, { model: "chat", stream: true });
    expect(await stream.text()).toContain("[DONE]");
    const once = { model: "fast", messages: [{ role: "user", content: "book me once" }] };
    await ask({ ...hr, cache: "team" }, once);
    await sleep(300);
    await ask({ ...hr, cache: "team" }, once);
    await ask({ team: "hr", models: [] });
    const written = await rowsSince(start, 4);
    expect(written.map((row) => [row.model, row.outcome, row.cost])).toEqual(
      expect.arrayContaining([
        ["chat", "success", fullCost],
        ["fast", "success", fullCost],
        ["fast", "cache_hit", nothing],
        ["chat", "failure", nothing],
      ]),
    );
    expect(written).toHaveLength(4);
    expect(new Set(written.map((row) => row.id)).size).toBe(4);
  });

  it("loses no row while the ledger is away", async () => {
    await sleep(1_500);
    const start = rows.length;
    usageIsDown = true;
    await Promise.all(Array.from({ length: 20 }, () => ask(hr)));
    await sleep(2_500);
    expect(rows.length).toBe(start);
    usageIsDown = false;
    const written = await rowsSince(start, 20);
    expect(new Set(written.map((row) => row.id)).size).toBe(20);
  });

  it("answers every call while one worker dies under load", async () => {
    const running = Array.from({ length: 60 }, async (_, index) => {
      await sleep(index * 20);
      return ask(hr);
    });
    await sleep(400);
    await worker("big-1").kill();
    const answers = await Promise.all(running);
    expect(answers.filter((answer) => answer.status !== 200)).toEqual([]);
  });

  it("falls back to the small model when the whole group is down, and outside only where that is allowed", async () => {
    await worker("big-2").kill();
    expect((await ask(hr)).content).toBe("small-1");
    await worker("small-1").kill();
    expect((await ask({ ...hr, external: true })).content).toBe("cloud-1");
    const seen = worker("cloud-1").calls.length;
    expect((await ask({ ...hr, external: false })).status).toBeGreaterThanOrEqual(400);
    expect(worker("cloud-1").calls.length).toBe(seen);
  });
});
