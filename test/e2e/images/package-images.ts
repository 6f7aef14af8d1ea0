import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImageName } from "../../../components/images.ts";
import { findProgram } from "../../support/programs.ts";

/** An image that was built from packages because no registry can be reached. */
export interface PackageImage {
  readonly reference: string;
  /** What the run prints: the real program with its version, or what stands in for it. */
  readonly description: string;
}

export type PackageImages = Readonly<Partial<Record<ImageName, PackageImage>>>;

const folder = dirname(fileURLToPath(import.meta.url));
const prefix = "ai-platform-packages";
// The classic builder: Debian's docker has no buildx, and every engine still knows it.
process.env.DOCKER_BUILDKIT = "0";
const caBundle = "/etc/ssl/certs/ca-certificates.crt";
const versions = { litellm: "1.106.2", versitygw: "v1.8.0", npm: "11.6.2" };

/** Runs a program quietly; its output is shown when it fails. */
function run(program: string, args: readonly string[], cwd?: string): string {
  try {
    return execFileSync(program, args, {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 1 << 28,
    });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")} failed:\n${`${stdout}${stderr}`.slice(-4000)}`, { cause: error });
  }
}

interface BuildOptions {
  readonly args: Readonly<Record<string, string>>;
  readonly target?: string;
  /** Puts what is not in the folder into the build context; `key` must change with it. */
  readonly files?: { readonly key: string; add(context: string): void };
}

/** Builds `name/Dockerfile`, or finds what an earlier run built from the same things: they are in the tag. */
function dockerBuild(name: string, { args, target, files }: BuildOptions): string {
  const hash = createHash("sha256").update(JSON.stringify([args, target, files?.key]));
  for (const file of readdirSync(join(folder, name)).sort())
    hash.update(file).update(readFileSync(join(folder, name, file)));
  const reference = `${prefix}/${name}${target ? `-${target}` : ""}:${hash.digest("hex").slice(0, 12)}`;
  if (isBuilt(reference)) return reference;
  const context = mkdtempSync(join(tmpdir(), "image-"));
  try {
    cpSync(join(folder, name), context, { recursive: true });
    files?.add(context);
    const buildArgs = Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
    run("docker", ["build", "-q", "-t", reference, ...(target ? ["--target", target] : []), ...buildArgs, context]);
    return reference;
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

function isBuilt(reference: string): boolean {
  return run("docker", ["images", "-q", reference]).trim() !== "";
}

/** Debian from its packages, with this machine's certificate authorities, so that builds reach the same registries. */
function buildBase(): string {
  const reference = `${prefix}/base:bookworm`;
  if (isBuilt(reference)) return reference;
  const context = mkdtempSync(join(tmpdir(), "base-"));
  try {
    run("debootstrap", ["--variant=minbase", "--include=ca-certificates", "bookworm", join(context, "root")]);
    copyFileSync(caBundle, join(context, "root", caBundle));
    run("sh", ["-c", `tar -C ${join(context, "root")} -c . | docker import - ${reference}`]);
    return reference;
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

function buildVersitygw(base: string): PackageImage {
  const add = (context: string) => {
    const module = `github.com/versity/versitygw/cmd/versitygw@${versions.versitygw}`;
    run("env", [`GOBIN=${context}`, "CGO_ENABLED=0", "go", "install", module]);
  };
  const reference = dockerBuild("versitygw", { args: { BASE: base }, files: { key: versions.versitygw, add } });
  return { reference, description: `versitygw ${versions.versitygw}, built from its Go module` };
}

function buildNode(base: string): { build: PackageImage; run: PackageImage } {
  const add = (context: string) => {
    const manifest = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`);
    copyFileSync(join(dirname(manifest), "bin", "node"), join(context, "node"));
    run("npm", ["install", "--no-save", "--prefix", context, `npm@${versions.npm}`], context);
    cpSync(join(context, "node_modules", "npm"), join(context, "npm"), { recursive: true });
  };
  const common = { args: { BASE: base }, files: { key: `${process.version} ${versions.npm}`, add } };
  const build = dockerBuild("node", { ...common, target: "build" });
  const runtime = dockerBuild("node", { ...common, target: "run" });
  return {
    build: { reference: build, description: `Node ${process.version} and npm ${versions.npm} on Debian` },
    run: { reference: runtime, description: "Debian's C and C++ libraries alone" },
  };
}

/** Qdrant has no package: its image is made from a server found on this machine, or not at all. */
function buildQdrant(base: string): PackageImage | undefined {
  const binary = findProgram("qdrant", "QDRANT_BIN");
  if (!binary) return undefined;
  const version = run(binary, ["--version"]).trim();
  const add = (context: string) => copyFileSync(binary, join(context, "qdrant"));
  const reference = dockerBuild("qdrant", { args: { BASE: base }, files: { key: version, add } });
  return { reference, description: `${version}, found on this machine` };
}

/**
 * Builds every image the dev environment needs from Debian, PyPI, npm and Go packages, with Docker's own cache.
 * @param onProgress told which image is being built
 */
export function buildPackageImages(onProgress: (name: string) => void): PackageImages {
  if (!existsSync(caBundle)) throw new Error(`${caBundle} is missing; install the package ca-certificates`);
  const step = <Result>(name: string, build: () => Result): Result => {
    onProgress(name);
    return build();
  };
  const base = step("base", buildBase);
  const node = step("node", () => buildNode(base));
  const debian = (name: string, description: string): PackageImage =>
    step(name, () => ({ reference: dockerBuild(name, { args: { BASE: base } }), description }));
  const standIn = (name: string, description: string): PackageImage =>
    step(name, () => ({ reference: dockerBuild(name, { args: { NODE: node.build.reference } }), description }));
  const qdrant = step("qdrant", () => buildQdrant(base));
  return {
    nginx: debian("nginx", "Debian's nginx"),
    redis: debian("redis", "Debian's Redis 7"),
    postgres: debian("postgres", "Debian's PostgreSQL 15"),
    litellm: step("litellm", () => ({
      reference: dockerBuild("litellm", { args: { BASE: base, LITELLM: versions.litellm } }),
      description: `LiteLLM ${versions.litellm} from PyPI`,
    })),
    versitygw: step("versitygw", () => buildVersitygw(base)),
    "node-build": node.build,
    "node-run": node.run,
    "llama-cpp": standIn("chat-stand-in", "stand-in that searches and repeats the first passage; no model"),
    "tei-cpu": standIn("embedding-stand-in", "stand-in that hashes words; no model"),
    ...(qdrant ? { qdrant } : {}),
  };
}
