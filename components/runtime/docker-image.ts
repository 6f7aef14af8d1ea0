import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { ImageBuild } from "./workload.ts";

/**
 * Brings an image to one host and returns its id there.
 * Third-party images stay on the host on `destroy`; built ones are removed.
 */
export function createImage(
  name: string,
  image: string | ImageBuild,
  prefix: string,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  if (typeof image === "string") {
    return new docker.RemoteImage(`${name}-${imageRole(image)}`, { name: image, keepLocally: true }, opts).imageId;
  }
  const built = new docker.Image(
    `${name}-${image.name}`,
    {
      imageName: `${prefix}/${image.name}:${image.sourceDigest}`,
      skipPush: true,
      build: {
        context: image.context,
        dockerfile: image.dockerfile,
        target: image.target,
        args: { ...image.args },
        platform: "linux/amd64",
      },
    },
    opts,
  );
  // docker.Image leaves its image behind on deletion; this one takes it away.
  return new docker.RemoteImage(`${name}-${image.name}-local`, { name: built.imageName, keepLocally: false }, opts)
    .imageId;
}

/** Resource name of a third-party image: its reference without the registry, since one host may run two variants. */
function imageRole(reference: string): string {
  return (reference.split("/").at(-1) ?? reference).replace(/@sha256:(.{12}).*$/, "-$1").replace(/[^a-zA-Z0-9]+/g, "-");
}
