import { readFileSync } from "node:fs";
import { z } from "zod";

/** Settings that do not parse: one line per problem, each with the variable and what would be right. */
export class EnvError extends Error {
  override readonly name = "EnvError";
}

/**
 * Parses environment variables and reports every problem at once.
 *
 * A variable `X` of the schema can be given as a file with `X_FILE`, which is how secrets reach a container without
 * appearing in its environment. An empty variable counts as not set.
 * @throws EnvError
 */
export function parseEnv<Schema extends z.ZodObject>(
  schema: Schema,
  env: Readonly<Record<string, string | undefined>> = process.env,
): z.infer<Schema> {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const file = name.endsWith("_FILE") ? undefined : env[`${name}_FILE`];
    if (file && env[name]) problems.push(`${name} and ${name}_FILE are both set; keep one`);
    const value = file ? readSecret(`${name}_FILE`, file, problems) : env[name];
    if (value) values[name] = value;
  }
  const result = schema.safeParse(values);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const name = issue.path.join(".");
      const missing = name !== "" && !(name in values);
      problems.push(`${name === "" ? "settings" : name}${missing ? " is not set" : ""}: ${issue.message}`);
    }
  }
  if (problems.length > 0 || !result.success) throw new EnvError(problems.join("\n"));
  return result.data;
}

function readSecret(name: string, file: string, problems: string[]): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    problems.push(`${name}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
    return undefined;
  }
}

/** A switch in the environment: `true` or `false`, nothing else. */
export const envSwitch = z.stringbool({ truthy: ["true"], falsy: ["false"], error: "must be true or false" });
