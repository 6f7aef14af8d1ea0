import { createHash } from "node:crypto";
import { access, chmod, constants, lstat, mkdir, realpath, rm } from "node:fs/promises";
import { createServer, request as httpRequest, type RequestListener, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { Problem, type ProblemDocument } from "../errors.ts";

/** Tenant of the embedded platform: it has one. */
export const embeddedTenant = "demo";

/** The folder cannot be had: a mistake of the person at the keyboard, told in one line. */
export class DataFolderError extends Error {
  override readonly name = "DataFolderError";
}

/** The folder is this process's alone until `release`, or until the process ends in any way. */
export interface ClaimedFolder {
  readonly folder: string;
  /** Answers {@link callDataFolder} of the same user's processes from now on. */
  serve(listener: RequestListener): void;
  release(): Promise<void>;
}

/**
 * Creates the data folder and claims it. The embedded database would be damaged by two processes, so the claim is a
 * bound socket: the system takes it back when the process dies, which a lock file cannot promise.
 *
 * The socket speaks HTTP to other processes of the same user, such as the ingest command. It offers what its
 * listener offers and no SQL: PGlite has one session, so another process's transaction would hold the owner's queries
 * too, and its rollback would undo them (seen with @electric-sql/pglite-socket 0.2.17).
 * @throws DataFolderError where the folder cannot be written or is in use
 */
export async function claimDataFolder(folder: string): Promise<ClaimedFolder> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new DataFolderError(`--data-dir ${folder} cannot be written (${reason}); choose another folder`, {
      cause: error,
    });
  }
  const address = socketAddress(await realpath(folder));
  let listener: RequestListener = (_, response) => response.writeHead(503).end();
  const server = await bind(address, folder, (request, response) => listener(request, response));
  return {
    folder,
    serve: (given) => void (listener = given),
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Asks the process that has claimed the folder.
 * @returns its JSON answer, or `undefined` where no process has claimed it
 * @throws Problem that the process answered with
 */
export async function callDataFolder(folder: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const real = await realpath(folder).catch(() => undefined);
  const address = real === undefined ? undefined : socketAddress(real);
  if (address === undefined || !(await isOurs(address))) return undefined;
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath: address, method, path, headers: { "content-type": "application/json" } });
    request.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(undefined);
      else reject(error);
    });
    request.once("response", (response) => {
      json(response).then((answer) => {
        if (response.statusCode === 200) resolve(answer);
        else reject(Problem.fromDocument(answer as ProblemDocument));
      }, reject);
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Sockets have short path limits, so the name is a hash of the folder and lies in the system's temporary folder. */
function socketAddress(folder: string): string {
  const name = `ai-platform-${createHash("sha256").update(folder).digest("hex").slice(0, 16)}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** Anybody can put a socket of that name into the temporary folder: documents go to our own user's alone. */
async function isOurs(address: string): Promise<boolean> {
  if (process.platform === "win32") return true;
  const found = await lstat(address).catch(() => undefined);
  return found?.isSocket() === true && found.uid === process.getuid?.();
}

async function bind(address: string, folder: string, listener: RequestListener): Promise<Server> {
  const server = await listen(address, listener);
  if (server) return server;
  const inUse = new DataFolderError(
    `--data-dir ${folder} is in use by another process; stop it or choose another folder`,
  );
  if (await answers(address)) throw inUse;
  await rm(address, { force: true }); // left by a process that was killed
  const second = await listen(address, listener);
  if (!second) throw inUse;
  return second;
}

async function listen(address: string, listener: RequestListener): Promise<Server | undefined> {
  const server = createServer(listener);
  const bound = await new Promise<boolean>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    server.listen(address, () => resolve(true));
  });
  if (!bound) return undefined;
  if (process.platform !== "win32") await chmod(address, 0o600);
  server.unref();
  return server;
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
