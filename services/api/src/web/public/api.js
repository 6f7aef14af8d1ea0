/**
 * Calls to the platform's API. Tokens live in this module's memory and nowhere else: a reload signs out, and nothing
 * is left behind on a shared computer.
 */
let tokens;

/** An error the API explained, as an RFC 9457 problem. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
  }
}

export async function signIn(username, password) {
  await requestTokens({ grant_type: "password", username, password });
}

export async function signOut() {
  const refreshToken = tokens?.refreshToken;
  tokens = undefined;
  if (refreshToken)
    await fetch("/oauth/revoke", { method: "POST", body: new URLSearchParams({ token: refreshToken }) });
}

async function requestTokens(form) {
  const response = await fetch("/oauth/token", { method: "POST", body: new URLSearchParams(form) });
  const body = await readBody(response);
  tokens = {
    accessToken: body.access_token,
    refreshToken: body.refresh_token,
    // Half a minute early, so that a call does not leave with a token that expires on its way.
    renewAt: Date.now() + (body.expires_in - 30) * 1000,
  };
}

let renewal;

/** Calls that find the token old share one renewal: a refresh token may be used once only. */
async function accessToken() {
  if (tokens && Date.now() > tokens.renewAt) {
    renewal ??= requestTokens({ grant_type: "refresh_token", refresh_token: tokens.refreshToken }).finally(() => {
      renewal = undefined;
    });
    await renewal;
  }
  return tokens?.accessToken;
}

async function send(path, options = {}) {
  const headers = { accept: "application/json", authorization: `Bearer ${await accessToken()}`, ...options.headers };
  const response = await fetch(path, { ...options, headers });
  if (response.status === 401) dispatchEvent(new Event("signed-out"));
  return response;
}

async function readBody(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, body);
  return body;
}

export async function getJson(path) {
  return readBody(await send(path));
}

export async function postForm(path, form) {
  return readBody(await send(path, { method: "POST", body: form }));
}

/**
 * Asks an agent and yields the events of its answer.
 * @param {string} agent
 * @param {object} body
 * @param {AbortSignal} signal closing it also stops the model on the server
 */
export async function* ask(agent, body, signal) {
  const response = await send(`/agent/${agent}`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) await readBody(response);
  yield* readEvents(response.body);
}

/** Server-sent events of a stream: `{event, data}` with data parsed. */
async function* readEvents(stream) {
  let buffered = "";
  for await (const text of chunksOf(stream.pipeThrough(new TextDecoderStream()))) {
    buffered += text.replaceAll("\r\n", "\n");
    const blocks = buffered.split("\n\n");
    buffered = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const field = (name) =>
        lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());
      const data = field("data").join("\n");
      if (data) yield { event: field("event")[0] ?? "message", data: JSON.parse(data) };
    }
  }
}

/** Safari has no asynchronous iteration of streams. */
async function* chunksOf(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
