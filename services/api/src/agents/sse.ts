import { PassThrough, type Readable } from "node:stream";
import type { RunEvent } from "./events.ts";

/** Comment lines keep proxies from closing a stream in which a model thinks. Milliseconds. */
const heartbeatEvery = 15_000;

/** A server-sent event stream: numbered events, a heartbeat, and an end. */
export interface EventStream {
  readonly body: Readable;
  send(event: RunEvent): void;
  end(): void;
}

export function createEventStream(heartbeatMs = heartbeatEvery): EventStream {
  const body = new PassThrough();
  let lastId = 0;
  const heartbeat = setInterval(() => body.write(": heartbeat\n\n"), heartbeatMs);
  heartbeat.unref();
  body.on("close", () => {
    clearInterval(heartbeat);
  });
  return {
    body,
    send({ type, data }) {
      if (body.writable) body.write(`id: ${++lastId}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    end() {
      clearInterval(heartbeat);
      body.end();
    },
  };
}
