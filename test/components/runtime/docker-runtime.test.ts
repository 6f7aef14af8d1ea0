import { describe, expect, it } from "vitest";
import type { Workload } from "../../../components/runtime/workload.ts";
import { secretMark } from "../../../stacks/plan/recorder.ts";
import { useMocks } from "../../support/mocks.ts";
import { Owner, runtime, workload } from "../../support/workload.ts";

const infra = useMocks();

async function run(changes: Partial<Workload>, runtimeChanges: Parameters<typeof runtime>[0] = {}) {
  const running = runtime(runtimeChanges).run("part", workload(changes), new Owner("part"));
  await infra.recorder.settled();
  return running;
}

const networksOf = (name: string) =>
  infra.one(name).inputs.networksAdvanced as { name: string; ipv4Address?: string }[];

describe("hardening", () => {
  it("holds for a workload that asks for nothing", async () => {
    await run({});
    expect(infra.one("part-1").inputs).toMatchObject({
      user: "1000:1000",
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      restart: "unless-stopped",
      memory: 256,
      memorySwap: 256,
      cpus: "1.0",
      logDriver: "json-file",
      logOpts: { "max-size": "20m", "max-file": "5" },
      wait: true,
      ports: [],
    });
    expect(infra.one("part-1").inputs).not.toHaveProperty("privileged");
  });

  it.each<[string, Partial<Workload>, string]>([
    ["root", { user: "0:0" }, '`user` is "0:0"'],
    ["a user by name", { user: "nginx" }, '`user` is "nginx"'],
    [
      "a host port that is not public",
      { ports: { http: { port: 80, exposure: "edge", hostPort: 80 } } },
      "`ports.http`",
    ],
    ["a public port without a host port", { ports: { http: { port: 80, exposure: "public" } } }, "`ports.http`"],
    ["a secret variable without its file", { entrypoint: ["x"], secretEnv: { KEY: "key" } }, "`secretEnv.KEY`"],
    ["two files of one name", { config: { a: "1" }, secrets: { a: "2" } }, "`secrets.a`"],
    ["no copies", { replicas: [] }, "`replicas` is empty"],
  ])("refuses %s", (_, changes, message) => {
    const engine = runtime();
    expect(() => engine.run("part", workload(changes), new Owner("part"))).toThrow(message);
  });

  it("refuses a host nobody configured, and says which are", () => {
    const engine = runtime();
    expect(() => engine.run("part", workload({ replicas: [{ host: "nowhere" }] }), new Owner("part"))).toThrow(
      'host "nowhere" is not configured; configured are local',
    );
  });
});

describe("exposure", () => {
  it("keeps a backend port on the internal network and publishes nothing", async () => {
    await run({ ports: { sql: { port: 5432, exposure: "backend" } } });
    expect(networksOf("part-1").map(({ name }) => name)).toEqual(["ai-platform-test-backend"]);
    expect(infra.one("part-1").inputs.ports).toEqual([]);
    expect(infra.one("docker-backend").inputs).toMatchObject({ internal: true });
    expect(infra.one("docker-edge").inputs).toMatchObject({ internal: true });
  });

  it("gives copies on the edge network addresses that outlive them", async () => {
    const running = await run({
      ports: { http: { port: 8888, exposure: "edge" } },
      replicas: [{ host: "local" }, { host: "local" }],
    });
    expect(running.addresses("http")).toEqual(["10.213.7.16:8888", "10.213.7.17:8888"]);
    expect(networksOf("part-2")).toMatchObject([{ name: "ai-platform-test-edge", ipv4Address: "10.213.7.17" }]);
  });

  it("publishes a public port, on a network whose members do not see each other", async () => {
    await run({ ports: { https: { port: 8443, exposure: "public", hostPort: 443 } } });
    expect(infra.one("part-1").inputs.ports).toEqual([{ internal: 8443, external: 443 }]);
    expect(infra.one("docker-outside-local").inputs.options).toEqual({
      "com.docker.network.bridge.enable_icc": "false",
    });
  });
});

describe("files", () => {
  it("mounts config and secrets read-only and keeps secrets out of environment and plain inputs", async () => {
    await run({ config: { "part.conf": "a = 1" }, secrets: { password: "hunter2" } });
    const container = infra.one("part-1").inputs;
    expect(container.volumes).toEqual([
      { volumeName: "ai-platform-test-part-files", containerPath: "/etc/platform", readOnly: true },
    ]);
    expect(infra.one("part-local-files-carrier").inputs).toMatchObject({ start: false, networkMode: "none" });
    expect(infra.one("part-local-files-carrier").inputs.uploads).toBe(secretMark);
    expect(JSON.stringify(infra.all())).not.toContain("hunter2");
  });

  it("shows config files that hold no secret, so that a preview can be read", async () => {
    await run({ config: { "part.conf": "a = 1" } });
    expect(infra.one("part-local-files-carrier").inputs.uploads).toEqual([
      { file: "/etc/platform/part.conf", content: "a = 1", permissions: "0444" },
    ]);
  });

  it("replaces the copies when a secret changes", async () => {
    const label = () =>
      (infra.one("part-1").inputs.labels as { label: string; value: string }[]).find(
        ({ label: name }) => name === "ai-platform.files",
      )?.value;
    await run({ secrets: { password: "one" } });
    const before = label();
    await infra.recorder.install("ai-platform", "test");
    infra.recorder.resources.length = 0;
    await run({ secrets: { password: "two" } });
    expect(before).toMatch(/^[0-9a-f]{32}$/);
    expect(label()).not.toBe(before);
  });

  it("exports secrets from their files where a program reads its environment only", async () => {
    await run({ entrypoint: ["serve"], args: ["--port", "1"], secrets: { key: "k" }, secretEnv: { API_KEY: "key" } });
    expect(infra.one("part-1").inputs).toMatchObject({
      entrypoints: ["/bin/sh", "-euc", 'export API_KEY="$(cat /etc/platform/key)"\nexec "$@"', "--", "serve"],
      command: ["--port", "1"],
      envs: [],
    });
  });
});

describe("images", () => {
  it("keeps two variants of one repository apart, and asks for each once", async () => {
    const engine = runtime();
    for (const [name, image] of [
      ["a", "r.test/tei:cpu-1"],
      ["b", "r.test/tei:cuda-1"],
      ["c", "r.test/tei:cpu-1"],
    ] as const) {
      engine.run(name, workload({ image }), new Owner(name));
    }
    await infra.recorder.settled();
    const images = infra.all().filter(({ type }) => type.endsWith(":RemoteImage"));
    expect(images.map(({ name }) => name).sort()).toEqual(["docker-local-tei-cpu-1", "docker-local-tei-cuda-1"]);
  });
});

describe("volumes", () => {
  it("protects stateful data and leaves the rest", async () => {
    await run({
      volumes: [
        { name: "part", path: "/data", stateful: true },
        { name: "part-cache", path: "/cache" },
      ],
    });
    expect(infra.one("part-local-volume").protect).toBe(true);
    expect(infra.one("part-local-cache-volume").protect).toBe(false);
  });

  it("gives a folder to the user before the start, with one capability", async () => {
    await run({ volumes: [{ name: "part", path: "/data", giveToUser: true }] });
    expect(infra.one("part-local-volume-owner").inputs).toMatchObject({
      entrypoints: ["chown", "1000:1000", "/data"],
      capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] },
      networkMode: "none",
    });
    expect(infra.one("part-1").dependencies.map((urn) => urn.split("::").at(-1))).toContain("part-local-volume-owner");
  });
});

describe("copies", () => {
  it("roll one after the other, each with its own limits", async () => {
    await run({ replicas: [{ host: "local" }, { host: "local", cpus: 0.5, memoryMiB: 512 }] });
    expect(infra.one("part-2").inputs).toMatchObject({ cpus: "0.5", memory: 512 });
    expect(infra.one("part-2").dependencies.map((urn) => urn.split("::").at(-1))).toContain("part-1");
  });

  it("cuts a CPU limit to what the host has, which the engine would refuse", async () => {
    await run({ cpus: 8 }, { hosts: { local: { engine: "unix:///var/run/docker.sock", cpus: 2 } } });
    expect(infra.one("part-1").inputs.cpus).toBe("2.0");
  });

  it("on several hosts share encrypted overlay networks", async () => {
    await run(
      { replicas: [{ host: "a" }, { host: "b" }] },
      { hosts: { a: { engine: "ssh://u@a" }, b: { engine: "ssh://u@b" } }, manager: "a" },
    );
    expect(infra.one("docker-backend").inputs).toMatchObject({
      driver: "overlay",
      internal: true,
      options: { encrypted: "true" },
    });
    expect(infra.one("part-2").inputs.name).toBe("ai-platform-test-part-2");
  });

  it("get the GPUs they were given and no others", async () => {
    await run({ gpus: [0, 2] });
    expect(infra.one("part-1").inputs.gpus).toBe("device=0,2");
  });
});
