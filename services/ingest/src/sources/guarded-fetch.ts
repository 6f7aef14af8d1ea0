import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { Agent, request } from "undici";
import { Problem } from "@ai-platform/core/errors.ts";

/** What counts as a place on the public web. */
export interface WebPolicy {
  readonly ports: readonly number[];
  isAllowedAddress(address: string): boolean;
  /** Addresses of a host name. */
  resolve(host: string): Promise<readonly string[]>;
}

/** Ports 80 and 443 of unicast addresses: no private, loopback, link-local (metadata), mapped or reserved ranges. */
export const publicWeb: WebPolicy = {
  ports: [80, 443],
  isAllowedAddress: isPublicAddress,
  resolve: async (host) => (await lookup(host, { all: true })).map((found) => found.address),
};

/** Metadata services that live in ranges which are public otherwise. */
const metadataAddresses = ["168.63.129.16", "100.100.100.200", "192.0.0.192"];

/** Whether an address is one that anybody on the internet could be asked at. IPv4 in IPv6 is refused in every form. */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "");
  if (!ipaddr.isValid(bare) || metadataAddresses.includes(bare)) return false;
  // ipaddr.js names private, loopback, linkLocal, uniqueLocal, carrierGradeNat, ipv4Mapped, rfc6052, 6to4, teredo and more.
  return ipaddr.parse(bare).range() === "unicast";
}

export interface GuardedFetchOptions {
  readonly allowedHosts: readonly string[];
  readonly policy: WebPolicy;
  readonly maxBytes: number;
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
}

export interface FetchedPage {
  readonly url: string;
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** How we name ourselves to servers and in robots.txt. */
export const userAgent = "ai-platform-ingest/0.1";

const maxRedirects = 5;

/**
 * Fetches a page without being led into our own network: the host must be on the list, its name is resolved once and
 * the connection goes to that very address, and each redirect is checked again from the start.
 * @throws Problem `source-refused`, `too-large` or `unavailable`
 */
export async function guardedFetch(url: string, options: GuardedFetchOptions): Promise<FetchedPage> {
  const timeout = AbortSignal.timeout(options.timeoutSeconds * 1000);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  let address = url;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const answer = await fetchOnce(address, options, signal).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      if (error instanceof Problem) throw error;
      const reason = timeout.aborted ? `no answer within ${options.timeoutSeconds} s` : describe(error);
      throw new Problem("unavailable", `${address} cannot be reached: ${reason}.`, { cause: error });
    });
    if (answer.location === undefined) return { ...answer, url: address };
    address = new URL(answer.location, address).href;
  }
  throw new Problem("source-refused", `${url} redirects more than ${maxRedirects} times.`);
}

/** Checks an address without asking anything of it but its name. @returns the IP address to connect to */
export async function checkTarget(
  target: URL,
  { allowedHosts, policy }: Pick<GuardedFetchOptions, "allowedHosts" | "policy">,
): Promise<string> {
  const refuse = (reason: string) => new Problem("source-refused", `${target.href} may not be read: ${reason}.`);
  if (target.protocol !== "https:" && target.protocol !== "http:") throw refuse("only http and https are");
  if (target.username !== "" || target.password !== "") throw refuse("it carries credentials");
  const host = target.hostname.replace(/\.$/, "").toLowerCase();
  if (!allowedHosts.includes(host)) throw refuse(`host ${host} is not on the list of allowed hosts`);
  const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
  if (!policy.ports.includes(port)) throw refuse(`port ${port} is not one of ${policy.ports.join(", ")}`);
  const bare = host.replace(/^\[|\]$/g, "");
  const addresses = ipaddr.isValid(bare) ? [bare] : await policy.resolve(bare);
  const [first] = addresses;
  if (first === undefined) throw refuse("the host has no address");
  const inside = addresses.find((address) => !policy.isAllowedAddress(address));
  if (inside !== undefined) throw refuse(`${host} is at ${inside}, which is not a public address`);
  return first;
}

async function fetchOnce(url: string, options: GuardedFetchOptions, signal: AbortSignal) {
  const target = new URL(url);
  const address = await checkTarget(target, options);
  const family = ipaddr.parse(address).kind() === "ipv6" ? 6 : 4;
  const agent = new Agent({
    connect: {
      // The address that was checked, whatever the name resolves to by now.
      lookup: (_host, lookupOptions, done) => {
        if (lookupOptions.all) done(null, [{ address, family }]);
        else done(null, address, family);
      },
    },
  });
  try {
    const response = await request(target, {
      dispatcher: agent,
      signal,
      headers: { "user-agent": userAgent, "accept-encoding": "identity", accept: "text/html, */*;q=0.5" },
    });
    const location = response.headers["location"];
    const redirected = response.statusCode >= 300 && response.statusCode < 400 && typeof location === "string";
    if (redirected) {
      await response.body.dump();
      return { status: response.statusCode, contentType: "", bytes: new Uint8Array(), location };
    }
    const bytes = await readAtMost(url, response.body, options.maxBytes);
    const contentType = String(response.headers["content-type"] ?? "");
    return { status: response.statusCode, contentType, bytes, location: undefined };
  } finally {
    await agent.destroy();
  }
}

async function readAtMost(url: string, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > maxBytes) throw new Problem("too-large", `${url} has more than ${maxBytes} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
