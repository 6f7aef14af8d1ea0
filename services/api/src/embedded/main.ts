import { readFileSync } from "node:fs";
import { DataFolderError } from "@ai-platform/core/db/data-folder.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import { stopOnSignals } from "@ai-platform/core/shutdown.ts";
import { parseStartOptions, StartError, usage } from "./options.ts";
import { renderScreen } from "./screen.ts";

async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const options = parseStartOptions(process.argv.slice(2));
  if (options === "help" || options === "version") {
    console.log(options === "help" ? usage : version);
    return;
  }

  // Imported late, so that a wrong flag is answered at once.
  const { readSettings } = await import("./settings.ts");
  const settings = readSettings(process.env);
  const { startEmbedded } = await import("./platform.ts");
  const platform = await startEmbedded(options, settings);
  console.log(renderScreen({ ...platform, version, dataDir: options.dataDir, seconds: process.uptime() }));
  stopOnSignals({ logger: platform.logger, steps: platform.shutdown });
}

main().catch((error: unknown) => {
  const isMistake = [StartError, DataFolderError, Problem].some((kind) => error instanceof kind);
  console.error(isMistake ? `ai-platform: ${(error as Error).message}` : error);
  process.exit(1);
});
