import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NginxConfig, renderNginxConfig } from "../../../components/network/nginx-config.ts";
import { endProcess, freePort } from "../../support/litellm.ts";
import { makeCertificate, startNginx, writeNginxFile } from "../../support/nginx.ts";
import { findProgram } from "../../support/programs.ts";

const nginx = findProgram("nginx", "NGINX");
const openssl = findProgram("openssl", "OPENSSL");
const ready = nginx !== undefined && openssl !== undefined;
if (!ready) console.warn("nginx tests skipped: they need `nginx` and `openssl` on PATH");

interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

const folder = mkdtempSync(join(tmpdir(), "nginx-"));
const seenByGateway: Seen[] = [];
let ports = { http: 0, https: 0, status: 0 };
const closers: (() => void)[] = [];

function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer(handler).listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
    closers.push(() => server.close().closeAllConnections());
  });
}

/** Plays the API: it knows three keys, and refuses one of them for its budget. */
function answerAsApi(request: IncomingMessage, response: ServerResponse): void {
  if (request.url !== "/internal/authorize") return void response.end(JSON.stringify(request.headers));
  const key = request.headers["x-api-key"];
  if (key === "good") {
    response.setHeader("x-platform-identity", "from-the-api").setHeader("x-budget-warning", "nearly spent");
    return void response.writeHead(204).end();
  }
  const status = key === "poor" ? "429" : "401";
  response.setHeader("x-refusal-status", status).setHeader("x-refusal", JSON.stringify({ status: Number(status) }));
  response
    .setHeader("retry-after", "60")
    .writeHead(status === "401" ? 401 : 403)
    .end();
}

function ask(path: string, headers: Record<string, string> = {}, method = "GET", body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: ports.https,
      path,
      method,
      headers,
      rejectUnauthorized: false,
      servername: "ai.test",
    };
    const sent = httpsRequest(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.once("error", reject).end(body);
  });
}

const config = (changes: Partial<NginxConfig> = {}): NginxConfig => ({
  domain: "ai.test",
  apiAddresses: ["127.0.0.1:1"],
  gatewayAddresses: ["127.0.0.1:1"],
  ports,
  publicHttpsPort: 443,
  certificateFile: join(folder, "tls.crt"),
  certificateKeyFile: join(folder, "tls.key"),
  gatewayKeyFile: join(folder, "gateway-key.conf"),
  maxUploadMiB: 1,
  requestsPerSecond: 100,
  answerTimeoutSeconds: 30,
  ...changes,
});

const write = (name: string, content: string) => writeNginxFile(folder, name, content);

beforeAll(async () => {
  if (!ready) return;
  mkdirSync(join(folder, "challenges"));
  makeCertificate(openssl, folder, "ai.test");
  write("gateway-key.conf", 'proxy_set_header Authorization "Bearer sk-gateway";\n');
  ports = { http: await freePort(), https: await freePort(), status: await freePort() };
  const api = await serve(answerAsApi);
  const gateway = await serve((request, response) => {
    seenByGateway.push({ url: request.url ?? "", headers: request.headers });
    response.end("from the gateway");
  });
  const dead = await freePort();
  const addresses = {
    apiAddresses: [`127.0.0.1:${dead}`, `127.0.0.1:${api}`],
    gatewayAddresses: [`127.0.0.1:${dead}`, `127.0.0.1:${gateway}`],
  };
  const file = write("nginx.conf", renderNginxConfig(config(addresses)));
  const child = await startNginx(nginx, folder, file);
  closers.push(() => void endProcess(child));
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const up = await ask("/").then(
      () => true,
      () => false,
    );
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nginx did not start: ${readFileSync(join(folder, "err.log"), "utf8")}`);
});

afterAll(() => {
  for (const close of closers) close();
  rmSync(folder, { recursive: true, force: true });
});

describe.runIf(ready)("the rendered config", () => {
  it.each<[string, Partial<NginxConfig>]>([
    ["with one copy of each", {}],
    ["on another port", { publicHttpsPort: 8443 }],
    [
      "with ACME",
      {
        acmeFolder: join(folder, "challenges"),
        certificateFile: "/acme/ai.test.crt",
        certificateKeyFile: "/acme/ai.test.key",
      },
    ],
  ])("%s passes nginx -t", (name, changes) => {
    const file = write(`check-${name.replaceAll(" ", "-")}.conf`, renderNginxConfig(config(changes)));
    execFileSync(nginx ?? "", ["-t", "-e", "/dev/null", "-c", file], { stdio: "pipe" });
  });
});

describe.runIf(ready)("nginx with the rendered config", () => {
  it("sends plain HTTP to HTTPS, with the path", async () => {
    const response = await new Promise<IncomingMessage>((resolve) => {
      httpRequest({ host: "127.0.0.1", port: ports.http, path: "/agent/hr?x=1" }, resolve).end();
    });
    expect(response.statusCode).toBe(308);
    expect(response.headers.location).toBe("https://ai.test/agent/hr?x=1");
  });

  it.each([
    "/internal/usage",
    "/internal",
    "/metrics",
    "/Metrics",
    "//internal/x",
    "/a/../internal/x",
    "/%69nternal/x",
    "/internal%2Fx",
  ])("knows no %s from outside", async (path) => {
    expect((await ask(path, { "x-api-key": "good" })).status).toBe(404);
  });

  it("asks the API about a model call, and hands on its word and the gateway's key only", async () => {
    const forged = {
      "x-api-key": "good",
      "x-platform-identity": "forged",
      "x-litellm-tags": "forged",
      "X-Forwarded-For": "1.2.3.4",
    };
    const answer = await ask(
      "/v1/chat/completions",
      { ...forged, authorization: "Bearer mine", "content-type": "application/json" },
      "POST",
      "{}",
    );
    expect(answer).toMatchObject({ status: 200, body: "from the gateway" });
    const { headers } = seenByGateway.at(-1) ?? { headers: {} };
    expect(headers).toMatchObject({
      authorization: "Bearer sk-gateway",
      "x-platform-identity": "from-the-api",
      "content-type": "application/json",
      "content-length": "2",
      "x-forwarded-for": "127.0.0.1",
    });
    expect(JSON.stringify(headers)).not.toContain("forged");
    expect(headers).not.toHaveProperty("x-api-key");
  });

  it.each([
    ["nobody", {}, 401],
    ["a caller over budget", { "x-api-key": "poor" }, 429],
  ])("refuses %s with the API's own status and words", async (_, headers, status) => {
    const before = seenByGateway.length;
    const answer = await ask("/v1/models", headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ status });
    expect(answer.headers["retry-after"]).toBe("60");
    expect(seenByGateway.length).toBe(before);
  });

  it("tells the caller that the budget is nearly spent, and keeps its own headers", async () => {
    const { headers } = await ask("/v1/models", { "x-api-key": "good" });
    expect(headers).toMatchObject({
      "x-budget-warning": "nearly spent",
      "strict-transport-security": "max-age=31536000",
    });
  });

  it("leaves clients no header that speaks for the proxy", async () => {
    const { body } = await ask("/documents", {
      "x-platform-identity": "forged",
      "x-forwarded-for": "1.2.3.4",
      "x-real-ip": "1.2.3.4",
    });
    expect(JSON.parse(body)).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https" });
    expect(body).not.toMatch(/forged|1\.2\.3\.4/);
  });

  it("refuses a body above the limit", async () => {
    expect((await ask("/documents", {}, "POST", "x".repeat(1_100_000))).status).toBe(413);
  });

  it("slows down guesses at passwords, whatever credential they claim", async () => {
    const statuses: number[] = [];
    for (let guess = 0; guess < 40; guess += 1) {
      statuses.push((await ask("/oauth/token", { authorization: `Bearer ${guess}` }, "POST", "")).status);
    }
    expect(statuses[0]).toBe(200);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(5);
  });

  it("serves its own status on a port of its own", async () => {
    const [response] = (await once(
      httpRequest({ host: "127.0.0.1", port: ports.status, path: "/status" }).end(),
      "response",
    )) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect((await ask("/status")).body).not.toContain("Active connections");
  });
});
