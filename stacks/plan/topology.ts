import type { Plan } from "./build-plan.ts";
import { escapeHtml } from "./render-html.ts";

const nodeWidth = 230;
const nodeHeight = 46;
const gap = 14;
const headRoom = 46;
const columnX = [20, 210, 520, 830];

interface Node {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly label: string;
}

/**
 * The topology as SVG: clients, the proxy, what it reaches, and what only those reach, from left to right.
 * A workload stands in the column of the most public network it listens on.
 */
export function renderTopology(plan: Plan): string {
  const exposureOf = (name: string) =>
    plan.ports.filter(({ workload }) => workload === name).map(({ exposure }) => exposure);
  const names = [...new Set(Object.values(plan.hosts).flatMap(({ copies }) => copies.map(({ workload }) => workload)))];
  const columns = [
    names.filter((name) => exposureOf(name).includes("public")),
    names.filter((name) => !exposureOf(name).includes("public") && exposureOf(name).includes("edge")),
    names.filter((name) => !exposureOf(name).some((exposure) => exposure !== "backend")),
  ];
  const nodes = columns.flatMap((column, index) =>
    column.map((name, place): Node => ({
      name,
      x: columnX[index + 1] ?? 0,
      y: headRoom + place * (nodeHeight + gap) + gap,
      label: describeCopies(plan, name),
    })),
  );
  const rows = Math.max(...columns.map(({ length }) => length));
  const height = headRoom + rows * (nodeHeight + gap) + 2 * gap;
  const titles = ["published", "network edge", "network backend"];
  const zones = titles.map((title, index) => renderZone(title, columnX[index + 1] ?? 0, height));
  return `<svg viewBox="0 0 1080 ${String(height)}" role="img" aria-label="Topology">
<text class="title" x="20" y="${String(headRoom + gap + 20)}">Clients</text>
<text class="small" x="20" y="${String(headRoom + gap + 38)}">HTTPS only</text>
${zones.join("\n")}
${renderLines(plan, nodes).join("\n")}
${nodes.map(renderNode).join("\n")}
</svg>`;
}

function describeCopies(plan: Plan, name: string): string {
  const copies = Object.values(plan.hosts).flatMap((host) => host.copies.filter(({ workload }) => workload === name));
  const hosts = [...new Set(copies.map(({ host }) => host))].join(", ");
  const gpus = copies.reduce((sum, copy) => sum + copy.gpus.length, 0);
  return `${String(copies.length)} × on ${hosts}${gpus > 0 ? `, ${String(gpus)} GPUs` : ""}`;
}

function renderZone(title: string, x: number, height: number): string {
  const box = `x="${String(x - gap)}" y="10" width="${String(nodeWidth + 2 * gap)}" height="${String(height - 20)}" rx="10"`;
  return `<rect class="zone" ${box}/><text class="small" x="${String(x)}" y="32">${title}</text>`;
}

function renderNode({ name, x, y, label }: Node): string {
  const text = String(x + 12);
  return `<rect class="node" x="${String(x)}" y="${String(y)}" width="${String(nodeWidth)}" height="${String(nodeHeight)}" rx="6"/>
<text class="title" x="${text}" y="${String(y + 19)}">${escapeHtml(name)}</text>
<text class="small" x="${text}" y="${String(y + 36)}">${escapeHtml(label)}</text>`;
}

/** Lines from clients to the proxy, from it to what it reaches, and from there to the backend. */
function renderLines(plan: Plan, nodes: readonly Node[]): string[] {
  const [first] = nodes;
  const line = (x1: number, y1: number, to: Node) => {
    const x2 = to.x;
    const y2 = to.y + nodeHeight / 2;
    const middle = String((x1 + x2) / 2);
    return `<path class="edge" d="M ${String(x1)} ${String(y1)} C ${middle} ${String(y1)} ${middle} ${String(y2)} ${String(x2)} ${String(y2)}"/>`;
  };
  const inner = nodes.flatMap((from) =>
    nodes
      .filter((to) => to.x > from.x && to.x - from.x < 400 && canReach(plan, from.name, to.name))
      .map((to) => line(from.x + nodeWidth, from.y + nodeHeight / 2, to)),
  );
  return first ? [line(90, first.y + nodeHeight / 2, first), ...inner] : inner;
}

function canReach(plan: Plan, from: string, to: string): boolean {
  return plan.ports.some(({ workload, reachableBy }) => workload === to && reachableBy.includes(from));
}
