import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Path of an executable: from an environment variable, the project's own tools folder, or PATH. */
export function findProgram(name: string, variable: string): string | undefined {
  const own = join(process.cwd(), ".state", "tools", name, "bin", name);
  for (const path of [process.env[variable], own]) if (path && existsSync(path)) return path;
  try {
    return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}
