import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { resourceLabels } from "../naming.ts";
import { labelArgs } from "./docker-container.ts";
import type { DockerSite } from "./docker-site.ts";
import type { WorkloadVolume } from "./workload.ts";

/** A volume on one host, and the container that gave it to its user. */
export interface SiteVolume {
  readonly name: pulumi.Output<string>;
  readonly owner: docker.Container | undefined;
}

/** Creates a volume and, where the image does not bring the folder, gives it to the workload's user. */
export function createVolume(site: DockerSite, volume: WorkloadVolume, protectData: boolean): SiteVolume {
  const { prefix, parent, provider } = site;
  const name = volume.name.startsWith(site.service) ? volume.name.slice(site.service.length + 1) : volume.name;
  const resource = [site.name, name, "volume"].filter(Boolean).join("-");
  const keep = (volume.stateful ?? false) && protectData;
  const created = new docker.Volume(
    resource,
    { name: `${prefix}-${volume.name}`, labels: labelArgs(resourceLabels(prefix, site.service)) },
    { parent, provider, protect: keep, retainOnDelete: keep },
  );
  const owner = volume.giveToUser ? createOwner(resource, site, volume, created) : undefined;
  return { name: created.name, owner };
}

/** Runs once, as root with the one capability it takes. */
function createOwner(resource: string, site: DockerSite, volume: WorkloadVolume, created: docker.Volume) {
  const { prefix, service, workload, image, parent, provider } = site;
  return new docker.Container(
    `${resource}-owner`,
    {
      name: `${prefix}-${volume.name}-owner`,
      image,
      entrypoints: ["chown", workload.user, volume.path],
      user: "0:0",
      readOnly: true,
      networkMode: "none",
      capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] },
      securityOpts: ["no-new-privileges:true"],
      memory: 32,
      memorySwap: 32,
      logDriver: "json-file",
      attach: true,
      mustRun: false,
      volumes: [{ volumeName: created.name, containerPath: volume.path }],
      labels: labelArgs(resourceLabels(prefix, service)),
    },
    { parent, provider, deleteBeforeReplace: true },
  );
}
