import * as pulumi from "@pulumi/pulumi";
import { DockerRuntime, type DockerRuntimeArgs } from "../../components/runtime/docker-runtime.ts";
import type { Workload } from "../../components/runtime/workload.ts";

/** A component that owns what a test runs. */
export class Owner extends pulumi.ComponentResource {
  constructor(name: string) {
    super("test:index:Owner", name);
  }
}

/** A workload with nothing but what is required. */
export function workload(changes: Partial<Workload> = {}): Workload {
  return {
    image: "registry.test/part:1",
    health: { command: ["true"] },
    user: "1000:1000",
    cpus: 1,
    memoryMiB: 256,
    replicas: [{ host: "local" }],
    ...changes,
  };
}

/** A runtime on one local host. */
export function runtime(changes: Partial<DockerRuntimeArgs> = {}): DockerRuntime {
  return new DockerRuntime("docker", {
    prefix: "ai-platform-test",
    hosts: { local: { engine: "unix:///var/run/docker.sock" } },
    manager: "local",
    edgeSubnet: "10.213.7.0/24",
    protectData: true,
    ...changes,
  });
}
