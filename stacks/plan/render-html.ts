import type { Plan } from "./build-plan.ts";
import { renderTopology } from "./topology.ts";
import { renderText } from "./render-text.ts";

/** The plan as one HTML file that opens from disk and loads nothing. */
export function renderHtml(plan: Plan): string {
  const ports = plan.ports
    .map(({ exposure, workload, address, reachableBy }) => row([exposure, workload, address, reachableBy.join(", ")]))
    .join("");
  const copies = Object.values(plan.hosts)
    .flatMap((host) => host.copies)
    .map((copy) =>
      row([
        copy.host,
        copy.name,
        `${String(copy.memoryMiB)} MiB`,
        String(copy.cpus),
        copy.gpus.length > 0 ? copy.gpus.join(", ") : "",
        copy.image,
      ]),
    )
    .join("");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plan of ${escapeHtml(plan.environment)}</title>
<style>
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 25%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1180px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
td:first-child, th { white-space: nowrap; }
pre { overflow-x: auto; font-size: 12px; line-height: 1.4; }
svg { width: 100%; height: auto; } svg text { font: 13px system-ui, sans-serif; fill: currentColor; }
svg .small { font-size: 11px; opacity: .75; } svg .title { font-weight: 600; }
svg .zone { fill: color-mix(in srgb, currentColor 5%, transparent); stroke: var(--line); }
svg .node { fill: Canvas; stroke: currentColor; stroke-width: 1; } svg .edge { stroke: currentColor; fill: none; opacity: .55; }
</style>
<h1>Plan of ${escapeHtml(plan.environment)}</h1>
<p>${escapeHtml(plan.outputs.url)}: ${String(plan.resources.filter(({ custom }) => custom).length)} resources. Nothing was made or asked.</p>
<h2>Topology</h2>
${renderTopology(plan)}
<h2>Who can reach what</h2>
<table><tr><th>Exposure<th>Workload<th>Address<th>Reachable by</tr>${ports}</table>
<h2>What runs where</h2>
<table><tr><th>Host<th>Container<th>Memory<th>CPUs<th>GPUs<th>Image</tr>${copies}</table>
<h2>Models</h2>
<pre>${escapeHtml(plan.fleet.table)}</pre>
<details><summary>The whole plan as text</summary><pre>${escapeHtml(renderText(plan))}</pre></details>
</html>
`;
}

function row(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}`).join("")}</tr>\n`;
}

/** Text for HTML and SVG content and attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
