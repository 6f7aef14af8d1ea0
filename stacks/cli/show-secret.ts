import { CliError } from "./cli-error.ts";
import type { StackAccess } from "./environment.ts";
import { runPulumi } from "./pulumi-cli.ts";

interface StateResource {
  readonly type: string;
  readonly urn: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** Prints one generated secret, such as `api-admin-password`, for the person who may decrypt the stack. */
export async function showSecret(access: StackAccess, name: string | undefined): Promise<void> {
  const { code, stdout, stderr } = await runPulumi(access, ["stack", "export", "--show-secrets"]);
  if (code !== 0) throw new CliError(`the state could not be read: ${stderr.trim()}`);
  const { deployment } = JSON.parse(stdout) as { deployment: { resources?: StateResource[] } };
  const values = new Map(
    (deployment.resources ?? [])
      .filter(({ type }) => type === "random:index/randomPassword:RandomPassword")
      .map(({ urn, outputs }) => [(urn.split("::").at(-1) ?? "").replace(/-value$/, ""), plainText(outputs?.result)]),
  );
  const value = values.get(name ?? "");
  if (value === undefined) {
    const known = [...values.keys()].sort().join(", ");
    throw new CliError(`there is no generated secret "${name ?? ""}"; there are ${known || "none: run up first"}`);
  }
  console.log(value);
}

/** With `--show-secrets` a secret is an object whose `plaintext` is JSON. */
function plainText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  const text = (value as { plaintext?: unknown } | undefined)?.plaintext;
  return typeof text === "string" ? (JSON.parse(text) as string) : undefined;
}
