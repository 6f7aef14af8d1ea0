import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CliError } from "../cli/cli-error.ts";
import { findEnvironment } from "../cli/environment.ts";
import { ConfigError } from "../config.ts";
import { buildPlan } from "./build-plan.ts";
import { renderHtml } from "./render-html.ts";
import { renderText } from "./render-text.ts";

/** Shows what `up` would make, without an engine, a cloud or credentials. */
async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const { stack, settingsFile } = findEnvironment(positionals[0]);
  const plan = await buildPlan(stack, settingsFile);
  if (values.html !== undefined) {
    writeFileSync(values.html, renderHtml(plan));
    console.error(`Wrote ${values.html}`);
  }
  if (values.json) console.log(JSON.stringify(plan, null, 2));
  else if (values.html === undefined) console.log(renderText(plan));
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { json: { type: "boolean" }, html: { type: "string" } } });
  } catch (error) {
    throw new CliError(`${(error as Error).message}; usage: npm run plan -- <environment> [--json] [--html file]`);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof CliError) && !(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
