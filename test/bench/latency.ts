import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { join } from "node:path";

/** One way to ask for something. */
export interface Way {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON to post. @default a GET */
  readonly body?: string;
}

/** Starts the API of `api-process.ts`; its port and an employee's access token. */
export async function startApi(): Promise<{ child: ChildProcess; port: number; token: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "api-process.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [data] = (await once(child.stdout, "data")) as [Buffer];
  return { child, ...(JSON.parse(data.toString()) as { port: number; token: string }) };
}

/** Milliseconds of each call. Connections are kept, as a client library keeps them. */
export async function measure(way: Way, concurrent: number, count: number): Promise<number[]> {
  const options = { keepAlive: true, maxSockets: concurrent };
  const agent = way.url.startsWith("https:") ? new HttpsAgent(options) : new HttpAgent(options);
  const times: number[] = [];
  let left = count;
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      const began = performance.now();
      await call(way, agent);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: concurrent }, loop));
  agent.destroy();
  return times;
}

function call({ url, headers, body }: Way, agent: HttpAgent | HttpsAgent): Promise<void> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const options = {
      method: body === undefined ? "GET" : "POST",
      agent,
      rejectUnauthorized: false,
      headers: { ...headers, ...(body === undefined ? {} : bodyHeaders(body)) },
    };
    const request = send(url, options, (response) => {
      response.resume().once("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${url} answered ${String(response.statusCode)}`));
      });
    });
    request.once("error", reject).end(body);
  });
}

const bodyHeaders = (body: string) => ({
  "content-type": "application/json",
  "content-length": String(Buffer.byteLength(body)),
});
