import type { Plan } from "./build-plan.ts";
import type { RecordedResource } from "./recorder.ts";

/** The plan for a terminal. */
export function renderText(plan: Plan): string {
  const sections: [string, string[]][] = [
    ["Resources", renderTree(plan.resources)],
    ["Hosts", renderHosts(plan)],
    ["Models", plan.fleet.table.trimEnd().split("\n")],
    ["Who can reach what", renderPorts(plan)],
    ["Secret files, by name", plan.secrets.map(({ workload, files }) => `${workload}: ${files.join(", ")}`)],
    ["Outputs", Object.entries(plan.outputs).map(([name, value]) => `${name}: ${oneLine(value)}`)],
  ];
  const body = sections.map(([title, lines]) => [title, ...lines.map((line) => `  ${line}`.trimEnd()), ""].join("\n"));
  return [`Plan of ${plan.environment}: ${count(plan)}. Nothing was made or asked.`, "", ...body].join("\n");
}

function count({ resources }: Plan): string {
  const custom = resources.filter((resource) => resource.custom).length;
  return `${String(custom)} resources in ${String(resources.length - custom)} components`;
}

/** `api-1  docker:Container` and so on, indented below the component. */
function renderTree(resources: readonly RecordedResource[]): string[] {
  const children = new Map<string, RecordedResource[]>();
  for (const resource of resources) {
    const parent = resource.parent ?? "";
    children.set(parent, [...(children.get(parent) ?? []), resource]);
  }
  const walk = (parent: string, indent: string): string[] =>
    (children.get(parent) ?? [])
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((resource) => [
        `${indent}${resource.name}  ${shortType(resource.type)}${resource.protect ? "  (protected)" : ""}`,
        ...walk(resource.urn, `${indent}  `),
      ]);
  return walk("", "");
}

function shortType(type: string): string {
  const [provider = "", , name = ""] = type.split(":");
  return provider === "aiplatform" ? name : `${provider}:${name}`;
}

function renderHosts({ hosts }: Plan): string[] {
  return Object.entries(hosts).flatMap(([name, { engine, copies }]) => {
    const memory = copies.reduce((sum, copy) => sum + copy.memoryMiB, 0);
    const cpus = copies.reduce((sum, copy) => sum + copy.cpus, 0);
    const width = Math.max(0, ...copies.map((copy) => copy.name.length));
    return [
      `${name} (${engine}): limits add up to ${(memory / 1024).toFixed(1)} GiB and ${String(cpus)} CPUs`,
      ...copies.map(
        (copy) =>
          `  ${copy.name.padEnd(width)}  ${String(copy.memoryMiB).padStart(6)} MiB  ${String(copy.cpus).padStart(4)} CPUs` +
          `${copy.gpus.length > 0 ? `  GPUs ${copy.gpus.join(",")}` : ""}  ${copy.image}`,
      ),
    ];
  });
}

function renderPorts({ ports }: Plan): string[] {
  const width = Math.max(...ports.map(({ address, workload }) => address.length + workload.length)) + 2;
  return ports.map(({ exposure, workload, address, reachableBy }) => {
    const name = exposure === "public" ? `${workload}, ${address}` : address;
    return `${exposure.padEnd(7)}  ${name.padEnd(width)}  <- ${reachableBy.join(", ") || "nobody"}`;
  });
}

function oneLine(value: unknown): string {
  const text = typeof value === "string" ? value.trim() : JSON.stringify(value);
  return text.includes("\n") ? `${text.split("\n")[0] ?? ""} …` : text;
}
