import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resolveImages } from "../../components/images.ts";
import { buildPlan, type Plan } from "../../stacks/plan/build-plan.ts";
import type { RecordedResource } from "../../stacks/plan/recorder.ts";
import { platformOutputsSchema } from "../../stacks/outputs.ts";

const environments = readdirSync(".").flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
const plans = new Map<string, Promise<Plan>>();
/** One after the other and each once, since Pulumi's test runtime is global. */
const planOf = (stack: string) => {
  const known = plans.get(stack) ?? buildPlan(stack, `Pulumi.${stack}.yaml`);
  plans.set(stack, known);
  return known;
};

const isContainer = ({ type }: RecordedResource) => type === "docker:index/container:Container";
const labelsOf = ({ inputs }: RecordedResource) =>
  Object.fromEntries(
    ((inputs.labels ?? []) as { label: string; value: string }[]).map(({ label, value }) => [label, value]),
  );

it("has environments to check", () => {
  expect(environments).toEqual(expect.arrayContaining(["dev", "prod"]));
});

describe.each(environments)("every resource of %s", (stack) => {
  it("has a URN of its own", async () => {
    const urns = (await planOf(stack)).resources.map(({ urn }) => urn);
    expect(new Set(urns).size).toBe(urns.length);
  });

  it("belongs to a component and starts with its name", async () => {
    const { resources } = await planOf(stack);
    const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
    for (const resource of resources) {
      if (resource.parent === undefined) {
        expect(resource.custom, `${resource.name} stands alone`).toBe(false);
        continue;
      }
      const parent = byUrn.get(resource.parent);
      expect(parent?.custom, `parent of ${resource.name}`).toBe(false);
      expect(resource.name.startsWith(`${parent?.name ?? "?"}-`), `${resource.name} below ${parent?.name ?? "?"}`).toBe(
        true,
      );
    }
  });

  it("is labelled with its stack and component", async () => {
    const { resources } = await planOf(stack);
    const labelled = resources.filter(
      ({ type }) => /Container$|Network$|Volume$/.test(type) && type.startsWith("docker:"),
    );
    expect(labelled.length).toBeGreaterThan(10);
    for (const resource of labelled) {
      expect(labelsOf(resource), resource.name).toMatchObject({ "ai-platform.stack": `ai-platform-${stack}` });
      expect(labelsOf(resource)["ai-platform.component"], resource.name).toBeTruthy();
    }
  });

  it("runs an image of the list or one built from this repository", async () => {
    const { resources } = await planOf(stack);
    const known = new Set<unknown>(Object.values(resolveImages()));
    for (const { name, inputs } of resources.filter(isContainer)) {
      const built = String(inputs.image).startsWith(`ai-platform-${stack}/`);
      expect(built || known.has(inputs.image), `${name} runs ${String(inputs.image)}`).toBe(true);
    }
  });

  it("is hardened and limited where it runs", async () => {
    const { resources } = await planOf(stack);
    const running = resources.filter((resource) => isContainer(resource) && resource.inputs.mustRun === true);
    expect(running.length).toBeGreaterThan(5);
    for (const { name, inputs } of running) {
      expect(inputs, name).toMatchObject({ readOnly: true, capabilities: { drops: ["ALL"] }, wait: true });
      expect(inputs.user, name).toMatch(/^[1-9]\d*:\d+$/);
      expect(inputs.memory, name).toBeGreaterThan(0);
      expect(inputs.healthcheck, name).toBeDefined();
    }
  });

  it("is published by the edge and by nothing else", async () => {
    const { resources } = await planOf(stack);
    const publishing = resources.filter(({ inputs }) => Array.isArray(inputs.ports) && inputs.ports.length > 0);
    expect(publishing.map(({ name }) => name)).toEqual(["edge-1"]);
  });

  it("has its outputs registered where it is a component", async () => {
    const { resources, finished } = await planOf(stack);
    const open = resources.filter(({ custom, urn }) => !custom && !finished.includes(urn));
    expect(open.map(({ name }) => name)).toEqual([]);
  });
});

describe.each(environments)("secrets of %s", (stack) => {
  it("are in no plain input, wherever they were made", async () => {
    const { resources } = await planOf(stack);
    const text = JSON.stringify(resources.map(({ inputs }) => inputs));
    // The recorder gives every generated password this beginning.
    expect(text).not.toContain("mock-");
    expect(text).not.toContain("PRIVATE KEY");
  });

  it("are not among the outputs, which are the contract", async () => {
    const { outputs } = await planOf(stack);
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(platformOutputsSchema.shape).sort());
    expect(JSON.stringify(outputs)).not.toContain("mock-");
  });
});
