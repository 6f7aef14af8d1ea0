import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createLogger } from "@ai-platform/core/logger.ts";
import { findModelEndpoint, watchModelEndpoint } from "@ai-platform/core/models/discovery.ts";

const open: Server[] = [];
async function serve(listener: RequestListener, port = 0): Promise<string> {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}
const listing =
  (...ids: string[]): RequestListener =>
  (request, response) => {
    if (request.url !== "/v1/models") response.statusCode = 404;
    response.end(
      JSON.stringify(request.url === "/v1/models" ? { object: "list", data: ids.map((id) => ({ id })) } : {}),
    );
  };
const nobody = "http://127.0.0.1:1";

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe("finding a model server", () => {
  it("takes the first local one that lists a chat model", async () => {
    const page = await serve((_, response) => response.end("<html>a router</html>"));
    const json = await serve((_, response) => response.end('{"status":"ok"}'));
    const embeddings = await serve(listing("bge-m3", "nomic-embed-text"));
    const silent = await serve(() => undefined);
    const chat = await serve(listing("nomic-embed-text", "llama3.1:8b", "qwen3"));
    const later = await serve(listing("other"));
    const servers = [nobody, page, json, embeddings, silent, chat, later];
    const found = await findModelEndpoint({}, { servers, timeout: 500 });
    expect(found?.description).toBe(`llama3.1:8b at ${chat}/v1`);
    expect(found?.modelFor("fast")).toBe("llama3.1:8b");
  });

  it("finds none where none is", async () => {
    const page = await serve((_, response) => response.end("<html>"));
    expect(await findModelEndpoint({}, { servers: [nobody, page], timeout: 500 })).toBeUndefined();
  });

  it("asks the configured server alone, with its key, and keeps credentials to itself", async () => {
    let key: string | undefined;
    const configured = await serve((request, response) => {
      key = request.headers.authorization;
      listing("chat", "coding", "gpt")(request, response);
    });
    const local = await serve(listing("local"));
    const withPassword = configured.replace("http://", "http://user:pass@");
    for (const address of [configured, `${configured}/v1/`]) {
      const found = await findModelEndpoint(
        { OPENAI_BASE_URL: address, OPENAI_API_KEY: "secret-key", OPENAI_PROMPT_PRICE: 2 },
        { servers: [local] },
      );
      expect(key).toBe("Bearer secret-key");
      expect(found?.price).toEqual({ prompt: 2e-6, completion: 0 });
      expect([found?.modelFor("chat"), found?.modelFor("coding"), found?.modelFor("fast")]).toEqual([
        "chat",
        "coding",
        "chat",
      ]);
    }
    expect(await findModelEndpoint({ OPENAI_BASE_URL: nobody }, { servers: [local] })).toBeUndefined();
    expect((await findModelEndpoint({ OPENAI_BASE_URL: withPassword }))?.description ?? "").not.toContain("pass");
  });

  it("takes named models over listed ones, and a server without a list at its word", async () => {
    const base = await serve((_, response) => {
      response.statusCode = 404;
      response.end("{}");
    });
    const env = { OPENAI_BASE_URL: base, OPENAI_MODEL: "mine", OPENAI_MODEL_FAST: "small" };
    const found = await findModelEndpoint(env);
    expect([found?.modelFor("chat"), found?.modelFor("coding"), found?.modelFor("fast")]).toEqual([
      "mine",
      "mine",
      "small",
    ]);
    expect(await findModelEndpoint({ OPENAI_BASE_URL: base })).toBeUndefined();
  });
});

describe("watching for a model server", () => {
  const logger = createLogger({ service: "test", level: "silent" });

  it("picks one up that starts later, and drops one that has gone", async () => {
    const address = await serve(listing("model"));
    const port = Number(new URL(address).port);
    const stop = async () => {
      const server = open.pop();
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve));
    };
    await stop();
    const watch = await watchModelEndpoint({}, { logger, servers: [address], timeout: 500, every: 20 });
    expect(watch.current()).toBeUndefined();
    await serve(listing("model"), port);
    await expect.poll(() => watch.current()?.description).toBe(`model at ${address}/v1`);
    const before = watch.current();
    await watch.refresh();
    expect(watch.current()).toBe(before);
    watch.stop();
    await stop();
    await watch.refresh();
    expect(watch.current()).toBe(before);
    await watch.refresh();
    await watch.refresh();
    expect(watch.current()).toBeUndefined();
  });
});
