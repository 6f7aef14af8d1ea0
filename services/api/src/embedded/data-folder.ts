import { createHash } from "node:crypto";
import { access, constants, mkdir, realpath, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StartError } from "./options.ts";

/** The folder is this process's alone until `release`, or until the process ends in any way. */
export interface ClaimedFolder {
  readonly folder: string;
  release(): Promise<void>;
}

/**
 * Creates the data folder and claims it. The embedded database would be damaged by two processes, so the claim is a
 * bound socket: the system takes it back when the process dies, which a lock file cannot promise.
 * Throws a StartError when the folder cannot be written or is in use.
 */
export async function claimDataFolder(folder: string): Promise<ClaimedFolder> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new StartError(`--data-dir ${folder} cannot be written (${reason}); choose another folder`, { cause: error });
  }
  const address = claimAddress(await realpath(folder));
  const server = await bind(address, folder);
  return { folder, release: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Sockets have short path limits, so the name is a hash of the folder and lies in the system's temporary folder. */
function claimAddress(folder: string): string {
  const name = `ai-platform-${createHash("sha256").update(folder).digest("hex").slice(0, 16)}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

async function bind(address: string, folder: string): Promise<Server> {
  const server = await listen(address);
  if (server) return server;
  const inUse = new StartError(`--data-dir ${folder} is in use by another process; stop it or choose another folder`);
  if (await answers(address)) throw inUse;
  await rm(address, { force: true }); // left by a process that was killed
  const second = await listen(address);
  if (!second) throw inUse;
  return second;
}

function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
