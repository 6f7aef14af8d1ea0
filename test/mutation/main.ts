import { spawn } from "node:child_process";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mutations, type Mutation } from "./mutations.ts";

/**
 * Takes each rule of the rights decision out, one at a time, and runs the tests of the rights: they must fail.
 * Exits with 1 where a rule could go unnoticed.
 */
const root = fileURLToPath(new URL("../..", import.meta.url));
/** Only mutations whose name starts like this. @default all of them */
const asked = process.argv[2] ?? "";
const folderOfTests = "test/services/core/access";

interface Outcome {
  readonly failed: number;
  readonly passed: number;
  /** Name of the first test that failed. */
  readonly by: string;
}

/** Runs the tests that must notice a mutation, or all of them without one; throws where no test loaded the mutated file. */
async function runTests(mutation?: number): Promise<Outcome> {
  const files = mutation === undefined ? [""] : (mutations[mutation]?.tests ?? []);
  const tests = files.map((file) => `${folderOfTests}/${file}`);
  const folder = await mkdtemp(join(tmpdir(), "mutation-"));
  const report = join(folder, "report.json");
  const mark = join(folder, "loaded");
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/mutation/vitest.config.ts", "--root", "."];
  const child = spawn(process.execPath, [...vitest, "--reporter", "json", "--outputFile", report, ...tests], {
    cwd: root,
    stdio: "ignore",
    env: { ...process.env, MUTATION_MARK: mark, ...(mutation === undefined ? {} : { MUTATION: String(mutation) }) },
  });
  await new Promise((resolve) => child.once("exit", resolve));
  try {
    if (mutation !== undefined) await access(mark);
    const { numFailedTests, numPassedTests, testResults } = JSON.parse(await readFile(report, "utf8")) as {
      numFailedTests: number;
      numPassedTests: number;
      testResults: { assertionResults: { status: string; title: string }[] }[];
    };
    const tests = testResults.flatMap((file) => file.assertionResults);
    const by = tests.find((test) => test.status === "failed")?.title ?? "";
    return { failed: numFailedTests, passed: numPassedTests, by };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A mutation that finds nothing to change would be a proof of nothing. */
async function checkPlace({ name, file, code }: Mutation): Promise<void> {
  const count = (await readFile(join(root, file), "utf8")).split(code).length - 1;
  if (count !== 1)
    throw new Error(
      `mutation "${name}": its code stands ${count} times in ${file}, 1 is allowed; update test/mutation/mutations.ts`,
    );
}

for (const mutation of mutations) await checkPlace(mutation);
const tried = mutations.filter(({ name }) => name.startsWith(asked)).length;
if (tried === 0) {
  console.error(
    `no mutation starts with "${asked}"; names begin with filter, post-check, search, read, list, pgvector, qdrant`,
  );
  process.exit(1);
}
const whole = await runTests();
if (whole.failed > 0 || whole.passed === 0) {
  console.error(`the suite does not pass as it is: ${whole.failed} failed, ${whole.passed} passed; mend it first`);
  process.exit(1);
}
console.log(`${whole.passed} tests pass with every rule in place; each rule is now taken out in turn\n`);

const width = Math.max(...mutations.map(({ name }) => name.length));
const survivors: string[] = [];
for (const [at, { name }] of mutations.entries()) {
  if (!name.startsWith(asked)) continue;
  const { failed, by } = await runTests(at);
  // Only a test that failed counts: a file that no longer loads proves nothing.
  if (failed === 0) survivors.push(name);
  console.log(`${name.padEnd(width)}  ${failed > 0 ? `caught by "${by}"` : "NOT CAUGHT"}`);
}
console.log(`\n${tried - survivors.length} of ${tried} caught`);
process.exitCode = survivors.length > 0 ? 1 : 0;
