import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { endProcess } from "../support/litellm.ts";
import { measure, startApi, type Way } from "./latency.ts";
import { percentile, printTable } from "./support.ts";

const calls = 2_000;
const slices = 5;
const concurrent = 8;

/** What the API adds to a request: beside a bare Node server, for a public route and for one whose caller is verified. */
export async function benchApi(): Promise<void> {
  const bare = createServer((_, response) => response.setHeader("content-type", "application/json").end("{}"));
  await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));
  const { child, port, token } = await startApi();
  try {
    const ways: Record<string, Way> = {
      "bare Node server": { url: `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`, headers: {} },
      "GET /health, public": { url: `http://127.0.0.1:${port}/health`, headers: {} },
      "GET /me, verified caller": {
        url: `http://127.0.0.1:${port}/me`,
        headers: { authorization: `Bearer ${token}` },
      },
    };
    const times = new Map<string, number[]>();
    for (const way of Object.values(ways)) await measure(way, concurrent, 200);
    for (let slice = 0; slice < slices; slice += 1) {
      for (const [name, way] of Object.entries(ways)) {
        times.set(name, [...(times.get(name) ?? []), ...(await measure(way, concurrent, calls / slices))]);
      }
    }
    const base = times.get("bare Node server") ?? [];
    printTable(
      `Requests through the API, ${concurrent} at a time; milliseconds`,
      [...times].map(([name, values]) => ({
        request: name,
        p50: percentile(values, 50).toFixed(2),
        p99: percentile(values, 99).toFixed(2),
        "p50 added": (percentile(values, 50) - percentile(base, 50)).toFixed(2),
      })),
    );
  } finally {
    bare.close().closeAllConnections();
    await endProcess(child);
  }
}
