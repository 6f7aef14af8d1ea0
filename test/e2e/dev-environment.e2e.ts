import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stackPrefix } from "../../components/naming.ts";
import { type PlatformOutputs, platformOutputsSchema } from "../../stacks/outputs.ts";
import { projectName } from "../../stacks/settings-file.ts";
import { createDevEnvironment, type DevEnvironment } from "./checkout.ts";
import { EdgeClient, until } from "./client.ts";
import { docker, leftovers, removeLeftovers, runningContainers, untilHealthy } from "./engine.ts";
import { probeInnerPorts } from "./isolation.ts";
import { runLoad } from "./load.ts";
import { findObstacle, type Parts, prepareParts } from "./requirements.ts";
import { askAgent, createWorld, fact, type World } from "./world.ts";

const obstacle = await findObstacle();
if (obstacle) console.log(`e2e: skipped: ${obstacle}`);

if (process.env.REQUIRE_E2E === "1") {
  it("can run here, as REQUIRE_E2E=1 asks", () => {
    expect(obstacle).toBeUndefined();
  });
}

describe.skipIf(obstacle)("the dev environment on a Docker engine", () => {
  let parts: Parts;
  let environment: DevEnvironment;
  let prefix = "";
  let outputs: PlatformOutputs;
  let edge: EdgeClient;
  let world: World;
  let key = "";
  const chat = (text: string) => ({ model: "chat", messages: [{ role: "user", content: text }] });

  /** Runs a script that must succeed. @returns its standard output */
  async function run(script: string, ...args: string[]): Promise<string> {
    const { code, stdout, output } = await environment.run(script, args);
    if (code !== 0) throw new Error(`npm run ${script} ended with ${String(code)}:\n${output.slice(-8000)}`);
    return stdout;
  }

  /** What the last `up` did, by kind of change. */
  async function lastChanges(): Promise<Record<string, number>> {
    const history = JSON.parse(await run("pulumi", "stack", "history", "--json", "--page-size", "1")) as [
      { resourceChanges: Record<string, number> },
    ];
    return history[0].resourceChanges;
  }

  const containerIds = () => new Map([...runningContainers(prefix)].map(([name, { Id }]) => [name, Id]));

  beforeAll(async () => {
    parts = prepareParts();
    environment = await createDevEnvironment(parts.images);
    prefix = stackPrefix(projectName, environment.stack);
  });

  afterAll(async () => {
    // Nothing was started, and an empty prefix would match what is not ours.
    if (prefix === "") return;
    if (leftovers(prefix).length > 0) {
      await environment.run("destroy");
      removeLeftovers(prefix);
    }
    environment.remove();
    console.log(["e2e: what was real:", ...parts.lines].join("\n  "));
  });

  it("comes up", async () => {
    await run("up");
    const states = [...runningContainers(prefix)].map(([name, { State }]) => [name, State.Health?.Status]);
    expect(states.length).toBeGreaterThanOrEqual(13);
    expect(states.filter(([, health]) => health !== "healthy")).toEqual([]);
  });

  it("keeps the contract of its outputs", async () => {
    outputs = platformOutputsSchema.parse(JSON.parse(await run("pulumi", "stack", "output", "--json")));
    expect(outputs.url).toBe(`https://${environment.domain}:${String(environment.httpsPort)}`);
  });

  it("answers from a document that was handed in, with a citation", async () => {
    edge = new EdgeClient(outputs);
    world = await createWorld(edge, (await run("secret", "api-admin-password")).trim());
    const answer = await askAgent(edge, world.nadia);
    expect(answer.answer).toContain(fact);
    expect(answer.citations).toMatchObject([{ documentId: world.documentId, page: 1 }]);
    expect(answer.refused).toBe(false);
    expect(answer.usage.cost).toBeGreaterThan(0);
  });

  it("gives nothing to a person without the right to read it", async () => {
    const answer = await askAgent(edge, world.omar);
    expect(answer).toMatchObject({ refused: true, citations: [] });
    expect(JSON.stringify(answer)).not.toContain(fact);
    const read = await edge.call(`/documents/${world.documentId}`, { headers: world.omar });
    expect(read.text).not.toContain(fact);
    const listed = await edge.expect<{ documents: unknown[] }>(200, "/documents", { headers: world.omar });
    expect(listed.documents).toEqual([]);
  });

  it("serves OpenAI clients with an API key, and keeps the books", async () => {
    const made = await edge.expect<{ key: string }>(201, "/keys", {
      headers: world.nadia,
      body: { name: "laptop", scopes: ["models:use"] },
    });
    key = made.key;
    for (const headers of [{ authorization: `Bearer ${key}` }, { "x-api-key": key }]) {
      const reply = await edge.expect<{ choices: { message: { content: string } }[] }>(200, "/v1/chat/completions", {
        headers,
        body: chat(`Bonjour par ${Object.keys(headers).join()}`),
      });
      expect(reply.choices[0]?.message.content).toBeTruthy();
    }
    await edge.expect(401, "/v1/chat/completions", { body: chat("Bonjour") });
    await edge.expect(401, "/v1/chat/completions", { headers: { "x-api-key": `${key}x` }, body: chat("Bonjour") });
    // The gateway reports in batches.
    const usage = await until(
      () => edge.expect<{ lines: { agent: string | null; calls: number }[] }>(200, "/usage", { headers: world.nadia }),
      ({ lines }) => lines.some(({ agent, calls }) => agent === null && calls === 2),
      60,
    );
    expect(usage.lines.some(({ agent }) => agent === "hr")).toBe(true);
  });

  it("shows nothing but the edge", async () => {
    for (const path of [
      "/metrics",
      "/internal/authorize",
      "/internal/usage",
      "/%69nternal/authorize",
      "/x/../metrics",
    ]) {
      expect([path, (await edge.call(path)).status]).toEqual([path, 404]);
    }
    const containers = runningContainers(prefix);
    const published = [...containers].flatMap(([name, { NetworkSettings }]) =>
      Object.values(NetworkSettings.Ports).flatMap((ports) =>
        (ports ?? []).map(({ HostPort }) => `${name} ${HostPort}`),
      ),
    );
    const own = [environment.httpPort, environment.httpsPort].map((port) => `edge-1 ${String(port)}`);
    expect([...new Set(published)].sort()).toEqual(own.sort());

    const { fromInside, fromOutside } = probeInnerPorts(prefix, containers);
    const open = (answers: Readonly<Record<string, boolean>>) => Object.keys(answers).filter((port) => answers[port]);
    expect(open(fromOutside)).toEqual([]);
    // The same ports do answer their own network, so the probe can tell.
    const closed = Object.keys(fromInside).filter((port) => !fromInside[port] && !port.includes("-outside-"));
    expect(closed).toEqual([]);
  });

  it("changes nothing when it is brought up again", async () => {
    const before = containerIds();
    await run("up");
    expect(Object.keys(await lastChanges())).toEqual(["same"]);
    expect(containerIds()).toEqual(before);
  });

  it("fails no request while a copy of the API and one of the gateway die", async () => {
    const victims = ["api-1", "gateway-1"].map((name) => `${prefix}-${name}`);
    const headers = { "x-api-key": key };
    const send = (request: number) =>
      request % 2 === 0
        ? edge.call("/v1/chat/completions", { headers, body: chat(`Question ${String(request)}`) })
        : edge.call("/documents", { headers: world.nadia });
    const kill = victims.map((victim, index) => [3 + 4 * index, () => void docker("kill", victim)] as const);
    const { sent, failures } = await runLoad({ perSecond: 6, seconds: 12 }, send, kill);
    for (const victim of victims) docker("start", victim);
    for (const victim of victims) await untilHealthy(victim);
    console.log(`e2e: ${String(sent)} requests while two containers were killed, ${String(failures.length)} failed`);
    expect(failures).toEqual([]);
  });

  it("replaces one copy when one copy's setting changes", async () => {
    const before = containerIds();
    environment.editSettings((config) => {
      const apps = config["ai-platform:apps"] as { api: { cpus?: number }[] };
      if (apps.api[1]) apps.api[1].cpus = 0.75;
    });
    await run("up");
    const { same: _, ...changes } = await lastChanges();
    const after = containerIds();
    expect(changes).toEqual({ replace: 1 });
    expect([...after].filter(([name, id]) => before.get(name) !== id).map(([name]) => name)).toEqual(["api-2"]);
  });

  it("is read by another team's program", async () => {
    const consumed = await environment.runConsumer();
    expect(consumed).toEqual({ openaiBaseUrl: outputs.openaiBaseUrl, models: outputs.modelRoles });
  });

  it("recovers from an up that was cut off", async () => {
    const before = containerIds();
    environment.editSettings((config) => {
      const apps = config["ai-platform:apps"] as { gateway: { cpus?: number }[] };
      for (const copy of apps.gateway) copy.cpus = 1.5;
    });
    const replacing = until(
      async () => containerIds().get("gateway-1"),
      (id) => id !== before.get("gateway-1") && id !== undefined,
      300,
    );
    const cut = await environment.run("up", [], { killWhen: replacing });
    expect(cut.code).toBeNull();
    await run("recover");
    await run("up");
    await run("up");
    expect(Object.keys(await lastChanges())).toEqual(["same"]);
    const answer = await askAgent(edge, world.nadia);
    expect(answer.citations).toMatchObject([{ documentId: world.documentId }]);
  });

  it("leaves nothing behind", async () => {
    edge.close();
    await run("destroy");
    expect(leftovers(prefix)).toEqual([]);
  });
});
