import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Workload } from "./workload.ts";

/** A workload on one host: what its copies there share. */
export interface DockerSite {
  /** Starts the names of the resources: workload and host. */
  readonly name: string;
  /** Starts the names on the engine: project and stack. */
  readonly prefix: string;
  /** Name of the workload. */
  readonly service: string;
  readonly workload: Workload;
  /** Id of the image on this host. */
  readonly image: pulumi.Input<string>;
  readonly parent: pulumi.ComponentResource;
  readonly provider: docker.Provider;
}
