import { resolve } from "node:path";
import { parseArgs } from "node:util";

/** Flags of `npm start`. */
export interface StartOptions {
  /** TCP port of the page and the API; 0 takes a free one. @default 8888 */
  readonly port: number;
  /** Address to listen on. @default 127.0.0.1, this machine only */
  readonly host: string;
  /** Absolute folder of database, keys and sockets. @default .data */
  readonly dataDir: string;
}

/** A mistake of the person at the keyboard: printed as one line, without a stack. */
export class StartError extends Error {
  override readonly name = "StartError";
}

export const usage = `Usage: npm start -- [options]

  --port <number>      port of the page and the API, 0 for a free one (default 8888)
  --host <address>     address to listen on (default 127.0.0.1: this machine only)
  --data-dir <folder>  where everything is kept (default .data)
  --help, --version

Environment: OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL for a model server,
EMBEDDINGS_BASE_URL, EMBEDDINGS_MODEL, EMBEDDINGS_DIMENSIONS for an embedding server.`;

/** Reads the flags, or says which of the two texts was asked for. Throws a StartError that names the flag. */
export function parseStartOptions(argv: readonly string[]): StartOptions | "help" | "version" {
  const values = readFlags(argv);
  if (values.help) return "help";
  if (values.version) return "version";
  const host = values.host ?? "127.0.0.1";
  if (host === "") throw new StartError("--host got nothing; give an address such as 127.0.0.1");
  if (values["data-dir"] === "") throw new StartError("--data-dir got nothing; give a folder such as .data");
  return { port: parsePort(values.port ?? "8888"), host, dataDir: resolve(values["data-dir"] ?? ".data") };
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        port: { type: "string" },
        host: { type: "string" },
        "data-dir": { type: "string" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
      strict: true,
      allowPositionals: false,
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error);
    throw new StartError(`${reason}; flags are --port, --host, --data-dir, --help and --version`, { cause: error });
  }
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new StartError(`--port got ${JSON.stringify(text)}; give a whole number from 0 to 65535`);
}
