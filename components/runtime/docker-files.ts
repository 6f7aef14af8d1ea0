import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { resourceLabels } from "../naming.ts";
import { labelArgs } from "./docker-container.ts";
import type { DockerSite } from "./docker-site.ts";
import { filePath, filesFolder } from "./workload.ts";

/** A volume that holds a workload's config and secret files. */
export interface SiteFiles {
  readonly volume: pulumi.Output<string>;
  /** Changes with the files, so that the copies that read them are replaced. */
  readonly digest: pulumi.Output<string>;
  readonly carrier: docker.Container;
}

/**
 * Puts a workload's files into a volume. The engine refuses uploads into a container with a read-only root, so a
 * second container, which is never started, carries them: it mounts the volume writable, the workload read-only.
 * The files are world-readable inside a container that has one user; on the host only root reaches the volume.
 */
export function createFiles({
  name,
  prefix,
  service,
  workload,
  image,
  parent,
  provider,
}: DockerSite): SiteFiles | undefined {
  const files: Record<string, pulumi.Input<string>> = { ...workload.config };
  for (const [file, content] of Object.entries(workload.secrets ?? {})) files[file] = pulumi.secret(content);
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length === 0) return undefined;
  const labels = resourceLabels(prefix, service);
  const volume = new docker.Volume(
    `${name}-files`,
    { name: `${prefix}-${service}-files`, labels: labelArgs(labels) },
    { parent, provider },
  );
  const digest = digestOf(sorted);
  const carrier = new docker.Container(
    `${name}-files-carrier`,
    {
      name: `${prefix}-${service}-files`,
      image,
      entrypoints: ["none"],
      networkMode: "none",
      start: false,
      mustRun: false,
      logDriver: "json-file",
      memory: 16,
      memorySwap: 16,
      capabilities: { drops: ["ALL"] },
      uploads: sorted.map(([file, content]) => ({ file: filePath(file), content, permissions: "0444" })),
      volumes: [{ volumeName: volume.name, containerPath: filesFolder }],
      labels: labelArgs({ ...labels, "ai-platform.files": digest }),
    },
    { parent, provider, deleteBeforeReplace: true },
  );
  return { volume: volume.name, digest, carrier };
}

/** Half of a SHA-256: too little to find a secret again, and enough to see that one changed. */
function digestOf(files: (readonly [string, pulumi.Input<string>])[]): pulumi.Output<string> {
  const digest = pulumi
    .all(files.map(([file, content]) => pulumi.all([file, content])))
    .apply((pairs) => createHash("sha256").update(JSON.stringify(pairs)).digest("hex").slice(0, 32));
  return pulumi.unsecret(digest);
}
