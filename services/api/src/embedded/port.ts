import { once } from "node:events";
import { createServer } from "node:net";
import { StartError, type StartOptions } from "./options.ts";

/** Tells at once, and not after the database has opened, that the port cannot be had. Throws a StartError. */
export async function checkPort({ port, host }: Pick<StartOptions, "port" | "host">): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    throw toPortError(error, { port, host });
  }
  server.close();
  await once(server, "close");
}

/** What a failed `listen` means to the person who chose the port. */
export function toPortError(error: unknown, { port, host }: Pick<StartOptions, "port" | "host">): Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `--port ${port} is in use on ${host}; stop the program there or choose another, such as --port ${port + 1}`,
    EACCES: `--port ${port} may not be used by this user; choose one above 1023`,
    EADDRNOTAVAIL: `--host ${host} is not an address of this machine; use 127.0.0.1, or 0.0.0.0 for all`,
    ENOTFOUND: `--host ${host} is not known; use 127.0.0.1, or 0.0.0.0 for all`,
  };
  const reason = reasons[code];
  if (reason !== undefined) return new StartError(reason, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
