import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { thirdPartyImages } from "../../components/images.ts";
import { findProgram } from "../support/programs.ts";
import { buildPackageImages } from "./images/package-images.ts";

/** The images of a run, and what the run says about them. */
export interface Parts {
  /** For `images.overrides`. */
  readonly images: Readonly<Record<string, string>>;
  /** One line per part: real with its version, or what stands in for it. */
  readonly lines: readonly string[];
}

/** Images of the dev environment. */
const needed = ["nginx", "postgres", "redis", "qdrant", "versitygw", "litellm", "llama-cpp", "tei-cpu"] as const;

/** Why the dev environment cannot be brought up here; `undefined` where it can. */
export async function findObstacle(): Promise<string | undefined> {
  if (!hasEngine()) return "no Docker engine answers `docker version`";
  if (!existsSync(cliPath())) return `the Pulumi CLI is not at ${cliPath()}; fetch it with: npx pulumi version`;
  if (process.env.E2E_IMAGES !== "packages") {
    const reason = await registryProblem();
    return reason && `${reason}; set E2E_IMAGES=packages to build the images from packages`;
  }
  const tools = ["debootstrap", "go"].filter((name) => !findProgram(name, `${name.toUpperCase()}_BIN`));
  if (tools.length > 0) return `E2E_IMAGES=packages needs ${tools.join(" and ")} on the PATH`;
  if (!findProgram("qdrant", "QDRANT_BIN")) {
    return "E2E_IMAGES=packages needs a Qdrant server, which no package brings: put `qdrant` on the PATH or set QDRANT_BIN";
  }
  return undefined;
}

/** Finds or builds the images. */
export function prepareParts(): Parts {
  const engine = execFileSync("docker", ["version", "--format", "{{.Server.Version}}"], { encoding: "utf8" }).trim();
  const lines = [
    `Docker engine ${engine}: real`,
    "Pulumi CLI, its providers and our program: real",
    "API, ingestion: real",
  ];
  if (process.env.E2E_IMAGES !== "packages") {
    const official = needed.map(
      (name) => `${name}: real, ${thirdPartyImages[name].repository}:${thirdPartyImages[name].tag}`,
    );
    return { images: {}, lines: [...lines, ...official] };
  }
  const built = Object.entries(buildPackageImages((name) => console.log(`e2e: image ${name}`)));
  return {
    images: Object.fromEntries(built.map(([name, { reference }]) => [name, reference])),
    lines: [...lines, ...built.map(([name, { description }]) => `${name}: ${description}`)],
  };
}

function hasEngine(): boolean {
  try {
    execFileSync("docker", ["version"], { stdio: "ignore", timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** Where the npm package `pulumi` keeps the CLI of its own version. */
function cliPath(): string {
  const manifest = fileURLToPath(new URL("../../node_modules/pulumi/package.json", import.meta.url));
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "versions", version, "bin", "pulumi");
}

async function registryProblem(): Promise<string | undefined> {
  const registry = "https://registry-1.docker.io/v2/";
  try {
    // Any answer will do: it asks for a token first.
    await fetch(registry, { signal: AbortSignal.timeout(10_000) });
    return undefined;
  } catch {
    return `${registry} cannot be reached`;
  }
}
