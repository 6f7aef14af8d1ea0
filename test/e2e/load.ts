import { setTimeout as sleep } from "node:timers/promises";

/** What became of the requests of a steady load. */
export interface LoadResult {
  readonly sent: number;
  /** One line per request that did not succeed. */
  readonly failures: readonly string[];
}

/**
 * Sends requests at a steady rate, whether or not earlier ones have been answered.
 * @param send n-th request; resolves with a status
 * @param events what to do when, in seconds after the start
 */
export async function runLoad(
  { perSecond, seconds }: { perSecond: number; seconds: number },
  send: (request: number) => Promise<{ status: number; text: string }>,
  events: readonly (readonly [second: number, act: () => void])[],
): Promise<LoadResult> {
  const failures: string[] = [];
  const sent: Promise<void>[] = [];
  const pending = [...events];
  const start = Date.now();
  for (let request = 0; request < perSecond * seconds; request += 1) {
    const at = request / perSecond;
    await sleep(Math.max(0, start + at * 1000 - Date.now()));
    while (pending[0] && pending[0][0] <= at) pending.shift()?.[1]();
    const fail = (why: string) => failures.push(`request ${String(request)} at ${at.toFixed(1)} s: ${why}`);
    sent.push(
      send(request).then(
        ({ status, text }) => {
          if (status !== 200) fail(`${String(status)} ${text.slice(0, 200)}`);
        },
        (error: unknown) => {
          fail(String(error));
        },
      ),
    );
  }
  await Promise.all(sent);
  return { sent: sent.length, failures };
}
