import { XMLParser } from "fast-xml-parser";
import { Problem } from "@ai-platform/core/errors.ts";
import type { Source, SourceItem } from "./source.ts";
import type { WebClient, WebPage } from "./web-client.ts";

export interface CrawlOptions {
  /** Pages this many links away from the first are read too. @default 0 */
  readonly depth?: number;
  /** Read the pages of the host's sitemaps instead of following links. @default false */
  readonly sitemap?: boolean;
  /** @default 500 */
  readonly maxPages?: number;
}

const readTypes = ["text/html", "application/xhtml+xml", "application/pdf", "text/plain", "text/markdown"];

/** Pages from a first address on, breadth first, each once. Where one may go is the web client's to say. */
export function openWeb(web: WebClient, start: string, options: CrawlOptions = {}): Source {
  return { items: crawl(web, start, options) };
}

async function* crawl(web: WebClient, start: string, options: CrawlOptions): AsyncGenerator<SourceItem> {
  const { depth = 0, maxPages = 500 } = options;
  const first = options.sitemap ? await readSitemaps(web, start, maxPages) : [start];
  const seen = new Set(first.map(withoutFragment));
  let level = [...seen];
  let pages = 0;
  for (let distance = 0; level.length > 0 && distance <= depth; distance += 1) {
    const next: string[] = [];
    for (const url of level) {
      pages += 1;
      if (pages > maxPages) {
        yield { kind: "skipped", source: url, reason: `more than ${maxPages} pages` };
        return;
      }
      const page = await web.fetch(url).catch((error: unknown) => {
        if (error instanceof Problem) return error;
        throw error;
      });
      if (page instanceof Problem) {
        // A page that was asked for by name must be read; a link may lead to what must not be.
        if (distance === 0) yield { kind: "failed", source: url, problem: page };
        else yield { kind: "skipped", source: url, reason: page.message };
        continue;
      }
      if (page.url !== url && seen.has(page.url)) continue;
      seen.add(page.url);
      yield toItem(page);
      if (distance === depth) continue;
      for (const link of (await linksOf(page)).map(withoutFragment)) {
        if (seen.has(link) || new URL(link).host !== new URL(start).host) continue;
        seen.add(link);
        next.push(link);
      }
    }
    level = next;
  }
}

function toItem({ url, contentType, bytes }: WebPage): SourceItem {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (!readTypes.includes(type)) return { kind: "skipped", source: url, reason: `content type ${type || "missing"}` };
  return { kind: "document", document: { source: url, fileName: url.slice(0, 255), contentType, bytes } };
}

async function linksOf({ url, contentType, bytes }: WebPage): Promise<string[]> {
  if (!contentType.includes("html")) return [];
  const { readLinks } = await import("../parse/html.ts");
  return readLinks(new TextDecoder().decode(bytes), url).filter((link) => /^https?:/.test(link));
}

function withoutFragment(address: string): string {
  const url = new URL(address);
  url.hash = "";
  return url.href;
}

/** Addresses of the sitemaps that robots.txt names, or of `/sitemap.xml`; an index of sitemaps is read one level down. */
async function readSitemaps(web: WebClient, start: string, maxPages: number): Promise<string[]> {
  const named = await web.sitemaps(start);
  const queue = named.length > 0 ? named : [new URL("/sitemap.xml", start).href];
  const pages: string[] = [];
  for (const [index, address] of queue.entries()) {
    if (index >= 50 || pages.length >= maxPages) break;
    const { bytes } = await web.fetch(address);
    const sitemap = parseSitemap(address, new TextDecoder().decode(bytes));
    pages.push(...sitemap.pages);
    if (index < named.length || named.length === 0) queue.push(...sitemap.sitemaps);
  }
  return pages.slice(0, maxPages);
}

interface Located {
  readonly loc?: string;
}

/** Entities are left alone: a sitemap needs none but those of XML, and others can be made to unfold without end. */
function parseSitemap(address: string, xml: string): { pages: string[]; sitemaps: string[] } {
  const parser = new XMLParser({ isArray: (name) => name === "url" || name === "sitemap", parseTagValue: false });
  try {
    const parsed = parser.parse(xml) as {
      urlset?: { url?: Located[] };
      sitemapindex?: { sitemap?: Located[] };
    };
    const addresses = (entries: readonly Located[] = []) =>
      entries.flatMap(({ loc }) => (loc !== undefined && URL.canParse(loc) ? [new URL(loc).href] : []));
    return { pages: addresses(parsed.urlset?.url), sitemaps: addresses(parsed.sitemapindex?.sitemap) };
  } catch (cause) {
    throw new Problem("unreadable-document", `${address} is not a sitemap.`, { cause });
  }
}
