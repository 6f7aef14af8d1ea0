import { Problem } from "@ai-platform/core/errors.ts";
import { largestDocument, type IngestLimits } from "../limits.ts";
import { checkTarget, guardedFetch, publicWeb, userAgent, type WebPolicy } from "./guarded-fetch.ts";
import { createRobots } from "./robots.ts";

/** A page as it came. */
export interface WebPage {
  /** Address after redirects. */
  readonly url: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** Fetches pages from the hosts it was given, and from nowhere else. */
export interface WebClient {
  /** @throws Problem `source-refused`, `too-large` or `unavailable`, naming the address */
  fetch(url: string, signal?: AbortSignal): Promise<WebPage>;
  /** Sitemaps that the host's robots.txt names. */
  sitemaps(url: string, signal?: AbortSignal): Promise<string[]>;
  close(): Promise<void>;
}

export interface WebClientOptions {
  /** Host names that may be read, exact. None: nothing may. */
  readonly allowedHosts: readonly string[];
  readonly limits: IngestLimits;
  /** Which addresses and ports count as public; tests put a server of their own here. @default {@link publicWeb} */
  readonly policy?: WebPolicy;
  /** Seconds one page may take. @default 30 */
  readonly timeoutSeconds?: number;
}

/** A web client that keeps to robots.txt and to the rules against requests into our own network. */
export function createWebClient(options: WebClientOptions): WebClient {
  const { allowedHosts, limits, policy = publicWeb, timeoutSeconds = 30 } = options;
  const get = (url: string, maxBytes: number, signal?: AbortSignal) =>
    guardedFetch(url, { allowedHosts, policy, timeoutSeconds, maxBytes, ...(signal ? { signal } : {}) });
  const robots = createRobots(get);
  return {
    async fetch(url, signal) {
      await checkTarget(new URL(url), { allowedHosts, policy });
      const rules = await robots(url, signal);
      if (rules.isDisallowed(url, userAgent)) {
        throw new Problem("source-refused", `${url} may not be read: robots.txt of the host disallows it.`);
      }
      const page = await get(url, largestDocument(limits), signal);
      if (page.status === 200) return page;
      const code = page.status >= 500 || page.status === 429 ? "unavailable" : "source-refused";
      throw new Problem(code, `${url} answered ${page.status}.`);
    },
    sitemaps: async (url, signal) => (await robots(url, signal)).getSitemaps(),
    close: async () => undefined,
  };
}
