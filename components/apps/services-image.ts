import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Images } from "../images.ts";
import type { ImageBuild } from "../runtime/workload.ts";

/** What the image is made of; `services/Dockerfile.dockerignore` lets the same through. */
const sources = ["package.json", "package-lock.json", ".npmrc", "services"];
const ignored = new Set(["node_modules", ".data"]);

/**
 * The image that runs the API and the ingestion.
 * @param repository folder of the checkout
 */
export function servicesImage(repository: string, images: Images): ImageBuild {
  const args = { NODE_BUILD: images["node-build"], NODE_RUN: images["node-run"] };
  const hash = createHash("sha256").update(JSON.stringify(args));
  for (const source of sources) addToHash(hash, repository, source);
  return {
    name: "services",
    context: repository,
    dockerfile: join(repository, "services/Dockerfile"),
    target: "run",
    args,
    sourceDigest: hash.digest("hex").slice(0, 16),
  };
}

function addToHash(hash: ReturnType<typeof createHash>, root: string, path: string): void {
  const absolute = join(root, path);
  const children = readFolder(absolute);
  if (!children) {
    hash.update(`${path}\0`).update(readFileSync(absolute)).update("\0");
    return;
  }
  for (const child of children.sort()) if (!ignored.has(child)) addToHash(hash, root, `${path}/${child}`);
}

function readFolder(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
    throw error;
  }
}
