import { Problem } from "@ai-platform/core/errors.ts";
import { DataFolderError } from "@ai-platform/core/db/data-folder.ts";
import { EnvError, parseEnv } from "@ai-platform/core/env.ts";
import { defaultLimits } from "../limits.ts";
import { settingsSchema } from "../settings.ts";
import type { Source } from "../sources/source.ts";
import { parseOptions, usage, UsageError, type Target } from "./options.ts";

const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(usage);
    return exitCodes.ok;
  }
  const settings = parseEnv(settingsSchema);
  const stop = stopOnSignals();
  const source = await openSource(options.target);
  // Loaded late, so that a wrong flag or a missing file is answered at once.
  const [{ connect }, { ingest }, { createReport }] = await Promise.all([
    import("./connect.ts"),
    import("./ingest.ts"),
    import("./report.ts"),
  ]);
  const connection = await connect(options, settings);
  try {
    const summary = await ingest(source, connection.queue, options, createReport(options.json), stop);
    if (stop.aborted) return exitCodes.interrupted;
    return summary.failed > 0 ? exitCodes.failed : exitCodes.ok;
  } finally {
    await connection.close();
  }
}

async function openSource(target: Target): Promise<Source> {
  if (target.kind === "files") {
    const { openFiles } = await import("../sources/files.ts");
    return openFiles(target.path, defaultLimits);
  }
  if (target.kind === "sql") {
    const { SOURCE_DATABASE_URL: url } = process.env;
    if (!url) throw new UsageError("SOURCE_DATABASE_URL is not set; name the database and a role that can only read");
    const { openSql } = await import("../sources/sql.ts");
    return openSql({ ...target, url });
  }
  const { openWeb } = await import("../sources/crawl.ts");
  const { createWebClient } = await import("../sources/web-client.ts");
  const web = createWebClient({ allowedHosts: target.allowedHosts, limits: defaultLimits });
  return openWeb(web, target.url, target);
}

/** The first Ctrl-C stops taking documents and gives back the one at work; a second one ends the command. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    console.error("stopping: the document at work goes back to the queue; once more ends at once");
    stop.abort();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return stop.signal;
}

function describe(error: unknown): string {
  const known = [UsageError, EnvError, DataFolderError, Problem].some((kind) => error instanceof kind);
  if (!(error instanceof Error)) return String(error);
  return known ? error.message.replaceAll("\n", "; ") : (error.stack ?? error.message);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`ingest: ${describe(error)}`);
    process.exit(error instanceof UsageError || error instanceof EnvError ? exitCodes.usage : exitCodes.failed);
  },
);
