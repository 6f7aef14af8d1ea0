import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildPlan, type Plan } from "../../../stacks/plan/build-plan.ts";
import { renderHtml } from "../../../stacks/plan/render-html.ts";
import { renderText } from "../../../stacks/plan/render-text.ts";

const plan: Plan = await buildPlan("prod", "Pulumi.prod.yaml");
const workloads = [...new Set(plan.ports.map(({ workload }) => workload))];

describe("the plan", () => {
  it("says that only the edge is reachable from outside", () => {
    const open = plan.ports.filter(({ exposure }) => exposure === "public").map(({ workload }) => workload);
    expect(new Set(open)).toEqual(new Set(["edge"]));
  });

  it("lets the edge reach the API and the gateway and no store", () => {
    const reached = plan.ports
      .filter(({ reachableBy }) => reachableBy.includes("edge"))
      .map(({ workload }) => workload);
    expect(new Set(reached)).toEqual(new Set(["api", "gateway"]));
  });

  it("puts every copy on the host that was configured for it", () => {
    expect(plan.hosts.front?.copies.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["postgres-1", "edge-1", "api-1"]),
    );
    expect(plan.hosts["gpu-2"]?.copies.map(({ name }) => name)).toContain("api-2");
  });

  it("gives no GPU to two models", () => {
    const taken = Object.entries(plan.hosts).flatMap(([host, { copies }]) =>
      copies.flatMap(({ gpus }) => gpus.map((gpu) => `${host}/${String(gpu)}`)),
    );
    expect(new Set(taken).size).toBe(taken.length);
  });
});

describe("as text", () => {
  it("names every workload, host and output", () => {
    const text = renderText(plan);
    for (const name of [...workloads, ...Object.keys(plan.hosts), ...Object.keys(plan.outputs)])
      expect(text).toContain(name);
  });
});

describe("as HTML", () => {
  it("draws every workload and loads nothing", () => {
    const html = renderHtml(plan);
    for (const name of workloads) expect(html).toContain(`>${name}</text>`);
    expect(html).not.toMatch(/<script|<link|src=|@import|url\(/);
  });
});

describe("the command", () => {
  const folder = mkdtempSync(join(tmpdir(), "plan-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = (...args: string[]) =>
    execFileSync(process.execPath, ["stacks/plan/main.ts", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });

  it("prints JSON that a program can read", () => {
    expect(JSON.parse(run("dev", "--json"))).toMatchObject({ environment: "dev", outputs: { contractVersion: 1 } });
  });

  it("writes the report", () => {
    const file = join(folder, "plan.html");
    run("dev", "--html", file);
    expect(readFileSync(file, "utf8")).toMatch(/^<!doctype html>/);
  });

  it("says which environments there are when asked for another", () => {
    expect(() => run("staging")).toThrow(/there is no Pulumi\.staging\.yaml; allowed is one of dev, prod/);
  });
});
