import robotsModule, { type Robot } from "robots-parser";
import { Problem } from "@ai-platform/core/errors.ts";
import type { FetchedPage } from "./guarded-fetch.ts";

/** Its types say there is a `default` inside; the module is the function itself. */
const parseRobots = robotsModule as unknown as (url: string, text: string) => Robot;

type Get = (url: string, maxBytes: number, signal?: AbortSignal) => Promise<FetchedPage>;

/** Google's reading limit, which RFC 9309 asks for at least. */
const maxBytes = 500 * 1024;
const refuseAll = "User-agent: *\nDisallow: /";

/** Rules of each host, asked for once. RFC 9309: none there allows all, a server that fails allows nothing. */
export function createRobots(get: Get): (url: string, signal?: AbortSignal) => Promise<Robot> {
  const known = new Map<string, Promise<Robot>>();
  return (url, signal) => {
    const address = new URL("/robots.txt", url).href;
    const rules = known.get(address) ?? load(get, address, signal);
    known.set(address, rules);
    rules.catch(() => known.delete(address));
    return rules;
  };
}

async function load(get: Get, address: string, signal?: AbortSignal): Promise<Robot> {
  const page = await get(address, maxBytes, signal).catch((error: unknown) => {
    if (error instanceof Problem && error.code === "too-large") return { status: 500, bytes: new Uint8Array() };
    throw error;
  });
  const text = new TextDecoder().decode(page.bytes);
  if (page.status >= 500 || page.status === 429) return parseRobots(address, refuseAll);
  return parseRobots(address, page.status === 200 ? text : "");
}
