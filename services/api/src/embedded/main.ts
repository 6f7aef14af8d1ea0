import { readFileSync } from "node:fs";
import { parseStartOptions, StartError, usage } from "./options.ts";
import { renderScreen } from "./screen.ts";
import { readSettings } from "./settings.ts";

async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const options = parseStartOptions(process.argv.slice(2));
  if (options === "help" || options === "version") {
    console.log(options === "help" ? usage : version);
    return;
  }
  const settings = readSettings(process.env);

  // Imported late, so that a wrong flag is answered at once.
  const { startEmbedded } = await import("./platform.ts");
  const platform = await startEmbedded(options, settings);
  console.log(renderScreen({ ...platform, version, dataDir: options.dataDir, seconds: process.uptime() }));
  stopOnSignal(() => platform.stop());
}

/** The first signal finishes what is under way; a second one, or too long a wait, ends it. */
function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    console.log(`\n${signal}: finishing what is under way`);
    setTimeout(() => process.exit(1), 15_000).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
}

main().catch((error: unknown) => {
  console.error(error instanceof StartError ? `ai-platform: ${error.message}` : error);
  process.exit(1);
});
