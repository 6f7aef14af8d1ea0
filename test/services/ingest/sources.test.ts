import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultLimits } from "@ai-platform/ingest/limits.ts";
import { openWeb, type CrawlOptions } from "@ai-platform/ingest/sources/crawl.ts";
import { openFiles } from "@ai-platform/ingest/sources/files.ts";
import { isPublicAddress, publicWeb, type WebPolicy } from "@ai-platform/ingest/sources/guarded-fetch.ts";
import type { Source, SourceItem } from "@ai-platform/ingest/sources/source.ts";
import { createWebClient } from "@ai-platform/ingest/sources/web-client.ts";

async function all(source: Source): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for await (const item of source.items) items.push(item);
  return items;
}

/** Each item in a line, for comparison. */
const lines = (items: readonly SourceItem[]) =>
  items.map((item) => {
    if (item.kind === "document") return `document ${item.document.source}`;
    return `${item.kind} ${item.source}: ${item.kind === "failed" ? item.problem.message : item.reason}`;
  });

describe("addresses", () => {
  it.each([
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"],
    ["::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1"],
    ["2002:7f00:1::", "2001:0:1::", "ff02::1", "255.255.255.255", "198.18.0.1", "168.63.129.16", "not an address", ""],
  ])("that are not public are refused: %s …", (...addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it("that are public are taken", () => {
    expect(["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"].filter(isPublicAddress)).toHaveLength(2);
  });

  it("in IPv6 that carry an IPv4 address are refused, whatever that is", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(fc.property(octet, octet, octet, octet, (a, b, c, d) => !isPublicAddress(`::ffff:${a}.${b}.${c}.${d}`)));
  });
});

describe("web pages", () => {
  let server: Server;
  let port: number;
  let answer: RequestListener;
  const asked: string[] = [];
  beforeEach(async () => {
    asked.length = 0;
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** The rules of the public web, but that this test's server is on it, and `inside.test` is at a private address. */
  const policy = (changes: Partial<WebPolicy> = {}): WebPolicy => ({
    ports: [port],
    isAllowedAddress: (address) => address === "127.0.0.1",
    resolve: async (host) => [host === "inside.test" ? "10.0.0.7" : "127.0.0.1"],
    ...changes,
  });
  const client = (changes: Partial<WebPolicy> = {}, limits = defaultLimits) =>
    createWebClient({
      allowedHosts: ["site.test", "other.test", "inside.test"],
      limits,
      policy: policy(changes),
      timeoutSeconds: 1,
    });
  const page = (path: string, host = "site.test") => `http://${host}:${port}${path}`;
  const site = (pages: Record<string, string>): RequestListener => {
    return (request, response) => {
      const body = pages[request.url ?? ""];
      const type = request.url?.endsWith("xml") ? "application/xml" : "text/html";
      response.writeHead(body === undefined ? 404 : 200, { "content-type": type }).end(body);
    };
  };
  const crawled = async (path: string, options: CrawlOptions = {}) =>
    lines(await all(openWeb(client(), page(path), options))).map((line) => line.replaceAll(`:${port}`, ""));

  it("are connected to at the address that was checked, though the name means another by then", async () => {
    let resolved = 0;
    answer = site({ "/": "<p>Bonjour</p>" });
    const web = client({
      resolve: async () => {
        resolved += 1;
        return ["127.0.0.1"];
      },
    });
    // The name does not exist: only the pinned address can have been connected to.
    expect(new TextDecoder().decode((await web.fetch(page("/"))).bytes)).toBe("<p>Bonjour</p>");
    expect(resolved).toBe(3); // the target, robots.txt and the page itself
  });

  it.each([
    ["http://unlisted.test/", "host unlisted.test is not on the list"],
    ["http://site.test:1/", "port 1 is not one of"],
    ["ftp://site.test/", "only http and https are"],
    ["http://user:secret@site.test/", "it carries credentials"],
  ])("of %s are refused before anything is sent", async (url, reason) => {
    await expect(client().fetch(url)).rejects.toMatchObject({ code: "source-refused" });
    await expect(client().fetch(url)).rejects.toThrow(reason);
    expect(asked).toEqual([]);
  });

  it("of a host at a private address are refused, also where only one of several is", async () => {
    await expect(client().fetch(page("/", "inside.test"))).rejects.toThrow("10.0.0.7, which is not a public address");
    const both = client({ resolve: async () => ["127.0.0.1", "169.254.169.254"] });
    await expect(both.fetch(page("/"))).rejects.toThrow("169.254.169.254, which is not a public address");
    expect(asked).toEqual([]);
  });

  it("that redirect inside are refused, at any step", async () => {
    answer = (request, response) => {
      const to = request.url === "/start" ? page("/second") : page("/secret", "inside.test");
      if (request.url === "/robots.txt") response.writeHead(404).end();
      else response.writeHead(302, { location: to }).end();
    };
    await expect(client().fetch(page("/start"))).rejects.toThrow("inside.test is at 10.0.0.7");
    expect(asked).toEqual(["/robots.txt", "/start", "/second"]);
  });

  it("that redirect without end, are too large or too slow are refused by name", async () => {
    answer = (request, response) => {
      if (request.url === "/robots.txt") response.writeHead(404).end();
      else if (request.url === "/loop") response.writeHead(302, { location: "/loop" }).end();
      else if (request.url === "/big") response.writeHead(200).end(Buffer.alloc(2_000));
    };
    const small = client({}, { ...defaultLimits, pdfBytes: 1_000, textBytes: 1_000 });
    await expect(client().fetch(page("/loop"))).rejects.toThrow("redirects more than 5 times");
    await expect(small.fetch(page("/big"))).rejects.toMatchObject({ code: "too-large" });
    await expect(client().fetch(page("/slow"))).rejects.toThrow("/slow cannot be reached: no answer within 1 s");
  });

  it("are not asked for where robots.txt says so, or cannot be had", async () => {
    answer = site({ "/robots.txt": "User-agent: *\nDisallow: /private", "/private": "no" });
    await expect(client().fetch(page("/private"))).rejects.toThrow("robots.txt of the host disallows it");
    expect(asked).toEqual(["/robots.txt"]);
    answer = (_, response) => response.writeHead(500).end();
    await expect(client().fetch(page("/"))).rejects.toThrow("robots.txt");
  });

  it("are followed to a depth, on one host, each once", async () => {
    answer = site({
      "/": `<a href="/a">a</a><a href="/#top">top</a><a href="${page("/x", "other.test")}">other</a>`,
      "/a": '<a href="/b">b</a><a href="/">home</a><a href="/gone">gone</a>',
      "/b": '<a href="/c">c</a>',
      "/c": "deep",
    });
    expect(await crawled("/", { depth: 2 })).toEqual([
      "document http://site.test/",
      "document http://site.test/a",
      "document http://site.test/b",
      "skipped http://site.test/gone: http://site.test/gone answered 404.",
    ]);
    expect(await crawled("/gone")).toEqual(["failed http://site.test/gone: http://site.test/gone answered 404."]);
  });

  it("are taken from sitemaps that robots.txt names, and from the sitemaps these name", async () => {
    answer = site({
      "/robots.txt": `Sitemap: ${page("/index.xml")}`,
      "/index.xml": `<sitemapindex><sitemap><loc>${page("/one.xml")}</loc></sitemap></sitemapindex>`,
      "/one.xml": `<urlset><url><loc>${page("/a")}</loc></url><url><loc>${page("/b")}</loc></url></urlset>`,
      "/a": "a",
      "/b": "b",
    });
    expect(await crawled("/", { sitemap: true })).toEqual([
      "document http://site.test/a",
      "document http://site.test/b",
    ]);
  });

  it("of the real web need ports 80 and 443 and a public address", async () => {
    const web = createWebClient({ allowedHosts: ["127.0.0.1", "[::1]"], limits: defaultLimits });
    expect(publicWeb.ports).toEqual([80, 443]);
    await expect(web.fetch("http://127.0.0.1/")).rejects.toThrow("not a public address");
    await expect(web.fetch("http://2130706433/")).rejects.toThrow("127.0.0.1, which is not a public address");
    await expect(web.fetch("http://[::1]/")).rejects.toThrow("not a public address");
  });
});

describe("files", () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), "aip-files-")), "docs");
    await mkdir(join(folder, "sub"), { recursive: true });
  });
  afterEach(() => rm(join(folder, ".."), { recursive: true, force: true }));

  it("of a folder are read in order, links and other kinds are skipped with a word", async () => {
    await writeFile(join(folder, "b.md"), "b");
    await writeFile(join(folder, "sub", "a.TXT"), "a");
    await writeFile(join(folder, "c.docx"), "c");
    await writeFile(join(folder, "empty.txt"), "");
    await writeFile(join(folder, ".hidden.md"), "h");
    await symlink("/etc/passwd", join(folder, "link.txt"));
    const source = await openFiles(folder, defaultLimits);
    expect(source.total).toBe(6);
    expect(lines(await all(source)).map((line) => line.replace(folder, "…"))).toEqual([
      "skipped file:docs/.hidden.md: hidden",
      "document file:docs/b.md",
      "skipped file:docs/c.docx: not PDF, TXT, MD or HTML",
      "failed file:docs/empty.txt: …/empty.txt is empty.",
      "skipped file:docs/link.txt: symbolic link",
      "document file:docs/sub/a.TXT",
    ]);
  });

  it("that are links, missing or too large are refused by name", async () => {
    await writeFile(join(folder, "big.txt"), "12345");
    await symlink(folder, join(folder, "..", "link"));
    await expect(openFiles(join(folder, "..", "link"), defaultLimits)).rejects.toThrow("is a symbolic link");
    await expect(openFiles(join(folder, "none"), defaultLimits)).rejects.toThrow("none is not there.");
    const small = { ...defaultLimits, pdfBytes: 4, textBytes: 4 };
    const [item] = await all(await openFiles(join(folder, "big.txt"), small));
    expect(item).toMatchObject({ kind: "failed", problem: { code: "too-large" } });
  });
});
