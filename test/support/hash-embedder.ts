import { createHash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";

/** What the server is to answer instead of vectors, request by request; `undefined` for vectors. */
export type Disturbance = (requestNumber: number, texts: readonly string[]) => number | undefined;

export interface HashEmbedderServer {
  /** Address including `/v1`. */
  readonly baseUrl: string;
  readonly dimensions: number;
  /** Batch size of each request so far. */
  readonly batches: number[];
  disturb(how: Disturbance | undefined): void;
  close(): Promise<void>;
}

/**
 * A stand-in for an embedding server over HTTP. It is no model: each word adds a direction made from its hash, so texts
 * that share words are near each other, and the same text always gets the same vector.
 */
export async function startHashEmbedder(dimensions = 32): Promise<HashEmbedderServer> {
  const batches: number[] = [];
  let disturbance: Disturbance | undefined;
  const server = createServer((request, response) => {
    void readText(request).then((body) => {
      const { input } = JSON.parse(body) as { input: string[] };
      batches.push(input.length);
      const status = disturbance?.(batches.length, input);
      if (status !== undefined) {
        reply(response, status, { error: { message: "disturbed" } });
        return;
      }
      const data = input.map((text, index) => ({
        object: "embedding",
        index,
        embedding: hashVector(text, dimensions),
      }));
      // Out of order on purpose: clients must go by `index`.
      reply(response, 200, { object: "list", model: "hash", data: data.reverse(), usage: {} });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1`,
    dimensions,
    batches,
    disturb(how) {
      batches.length = 0;
      disturbance = how;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** Sum of one pseudo-random direction per word; not normalised, as some servers do not. */
export function hashVector(text: string, dimensions: number): number[] {
  const sum = new Array<number>(dimensions).fill(0);
  for (const word of ["", ...text.toLowerCase().split(/[^\p{L}\p{N}]+/u)]) {
    const bytes = createHash("shake256", { outputLength: dimensions }).update(word).digest();
    bytes.forEach((byte, at) => (sum[at] = (sum[at] ?? 0) + byte / 127.5 - 1));
  }
  return sum;
}
