import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const folder = new URL("../../../services/api/src/embedded/", import.meta.url);
let dataDir: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "aip-start-"));
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await rm(dataDir, { recursive: true, force: true });
});

function run(program: "main.ts" | "user-password.ts", ...args: string[]) {
  // Nobody listens there, so that a model server of the developer's machine does not answer.
  const env = { ...process.env, OPENAI_BASE_URL: "http://127.0.0.1:9" };
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, folder)), ...args], { env });
  children.add(child);
  const ended = once(child, "exit").finally(() => children.delete(child));
  return { child, ended: ended.then(([code]) => code as number | null) };
}

/** Runs a command to its end. */
async function outcome(program: "main.ts" | "user-password.ts", ...args: string[]) {
  const { child, ended } = run(program, ...args);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { stdout, stderr, code };
}

/** Starts the platform and waits for its screen. */
async function start() {
  const { child, ended } = run("main.ts", "--port", "0", "--data-dir", dataDir);
  let screen = "";
  child.stderr.on("data", (chunk) => (screen += String(chunk)));
  for await (const chunk of child.stdout) {
    screen += String(chunk);
    if (screen.includes("Ctrl-C stops")) break;
  }
  const address = /Page +(http:\S+)/.exec(screen)?.[1];
  if (address === undefined) throw new Error(`no start screen but:\n${screen}`);
  return { child, ended, screen, address };
}

async function signIn(address: string, username: string, password: string) {
  const body = new URLSearchParams({ grant_type: "password", username, password });
  return fetch(`${address}/oauth/token`, { method: "POST", body });
}

async function askHr(address: string, signedIn: Response, question: string) {
  const { access_token: token } = (await signedIn.json()) as { access_token: string };
  const response = await fetch(`${address}/agent/hr`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ question }),
  });
  return (await response.json()) as { answer: string; degraded: string; citations: { title: string }[] };
}

describe("npm start", () => {
  it(
    "answers with a citation, stops when asked, and goes on from there with the same users",
    { timeout: 240_000 },
    async () => {
      const first = await start();
      const password = /amina +(\S+)/.exec(first.screen)?.[1] ?? "";
      const question = "Combien de jours de congé de paternité ?";
      const answer = await askHr(first.address, await signIn(first.address, "amina", password), question);
      expect(answer).toMatchObject({ degraded: "no-model", citations: [{ title: "Congés et absences" }] });
      expect(answer.answer).toContain("15 jours");

      // While it runs, nobody else gets the folder, and a lost password can be replaced.
      const second = await outcome("main.ts", "--port", "0", "--data-dir", dataDir);
      expect(second).toMatchObject({ code: 1, stdout: "" });
      expect(second.stderr).toMatch(/^ai-platform: --data-dir \S+ is in use by another process[^\n]*\n$/);
      const reset = await outcome("user-password.ts", "amina", "--data-dir", dataDir);
      const newPassword = /shown this once: (\S+)/.exec(reset.stdout)?.[1] ?? "";
      expect((await signIn(first.address, "amina", password)).status).toBe(400);

      first.child.kill("SIGINT");
      expect(await first.ended).toBe(0);

      const again = await start();
      expect(again.screen).toContain("Users exist (amina, youssef, ilyas, salma, admin)");
      expect(again.screen).not.toContain(password);
      const signedIn = await signIn(again.address, "amina", newPassword);
      expect((await askHr(again.address, signedIn, question)).answer).toContain("15 jours");
      again.child.kill("SIGTERM");
      expect(await again.ended).toBe(0);
    },
  );

  it("says in one line that the port is taken", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await outcome("main.ts", "--port", String(port), "--data-dir", join(dataDir, "other"));
    server.close();
    expect(stderr).toBe(
      `ai-platform: --port ${port} is in use on 127.0.0.1; ` +
        `stop the program there or choose another, such as --port ${port + 1}\n`,
    );
    expect(code).toBe(1);
  });

  it.each([
    ["a flag it does not know", ["--prot", "1"], "Unknown option '--prot'"],
    ["an address of another machine", ["--host", "192.0.2.1", "--port", "0"], "--host 192.0.2.1 is not an address"],
  ])("refuses %s in one line", async (_what, args, message) => {
    const { code, stderr } = await outcome("main.ts", ...args);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^ai-platform: [^\n]*\n$/);
    expect(code).toBe(1);
  });
});
