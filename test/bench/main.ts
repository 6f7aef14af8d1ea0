import { benchApi } from "./api.ts";
import { benchEdge } from "./edge.ts";
import { benchIngest } from "./ingest.ts";
import { benchRetrieval } from "./retrieval.ts";
import { benchUp } from "./up.ts";

/** Parts of `npm run bench -- <part>`; all of them where none is named. Ratios of one run, never a test of time. */
const parts: Readonly<Record<string, () => Promise<void>>> = {
  retrieval: benchRetrieval,
  ingest: benchIngest,
  api: benchApi,
  edge: benchEdge,
  up: benchUp,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in parts));
if (unknown !== undefined) {
  console.error(`bench: no part "${unknown}"; there are ${Object.keys(parts).join(", ")}`);
  process.exit(1);
}
for (const [name, run] of Object.entries(parts)) if (asked.length === 0 || asked.includes(name)) await run();
