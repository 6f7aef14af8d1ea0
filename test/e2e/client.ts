import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

/** What came back through the edge. */
export interface Reply {
  readonly status: number;
  readonly text: string;
  /** The body as JSON. @throws where it is none */
  json<Body>(): Body;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as a form where it is one. */
  readonly body?: FormData | URLSearchParams | object;
}

/** Speaks HTTPS to the edge as an ordinary client: trusts the stack's authority and nothing else. */
export class EdgeClient {
  private readonly agent: Agent;
  private readonly base: string;

  /** @param address where the name in `url` leads to, as a hosts file would say */
  constructor({ url, caCertificate, edgeAddress }: { url: string; caCertificate: string; edgeAddress: string }) {
    this.base = url;
    this.agent = new Agent({
      ca: caCertificate,
      keepAlive: true,
      lookup: (_name, _options, done) => done(null, [{ address: edgeAddress, family: 4 }]),
    });
  }

  async call(path: string, { method, headers = {}, body }: Call = {}): Promise<Reply> {
    const isForm = body instanceof FormData || body instanceof URLSearchParams;
    const sent = body && new Response(isForm ? body : JSON.stringify(body));
    const type = isForm ? sent?.headers.get("content-type") : "application/json";
    const bytes = sent && Buffer.from(await sent.arrayBuffer());
    const all = {
      ...headers,
      ...(bytes ? { "content-type": type ?? "", "content-length": String(bytes.length) } : {}),
    };
    return new Promise((resolve, reject) => {
      const options = { agent: this.agent, method: method ?? (bytes ? "POST" : "GET"), headers: all, timeout: 60_000 };
      const sending = request(new URL(path, this.base), options, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.once("error", reject).once("end", () => {
          resolve({ status: response.statusCode ?? 0, text, json: <Body>() => JSON.parse(text) as Body });
        });
      });
      sending.once("timeout", () => sending.destroy(new Error(`${path} did not answer within 60 s`)));
      sending.once("error", reject).end(bytes);
    });
  }

  /** Like {@link call}. @throws where the status is another than the one wanted */
  async expect<Body>(status: number, path: string, call?: Call): Promise<Body> {
    const reply = await this.call(path, call);
    if (reply.status === status) return (reply.text === "" ? undefined : reply.json()) as Body;
    throw new Error(
      `${path} answered ${String(reply.status)} instead of ${String(status)}: ${reply.text.slice(0, 500)}`,
    );
  }

  /** Signs in with a password. @returns the headers of further calls */
  async signIn(username: string, password: string): Promise<{ authorization: string }> {
    const body = new URLSearchParams({ grant_type: "password", username, password });
    const { access_token } = await this.expect<{ access_token: string }>(200, "/oauth/token", { body });
    return { authorization: `Bearer ${access_token}` };
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Asks until the answer is good. @throws with the last answer after the given seconds */
export async function until<Answer>(
  ask: () => Promise<Answer>,
  isGood: (answer: Answer) => boolean,
  seconds: number,
): Promise<Answer> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (isGood(answer)) return answer;
    if (Date.now() > end) throw new Error(`after ${String(seconds)} s still: ${JSON.stringify(answer).slice(0, 800)}`);
    await sleep(500);
  }
}
