import type * as pulumi from "@pulumi/pulumi";

/**
 * Who can reach a port. `backend`: parts of the platform; `edge`: only the reverse proxy and the parts behind it;
 * `public`: everyone who reaches the host, through `hostPort`. Nothing else is ever published.
 */
export type Exposure = "backend" | "edge" | "public";

/** A port a workload listens on. */
export interface WorkloadPort {
  readonly port: number;
  readonly exposure: Exposure;
  /** Port on the host; only with exposure `public`. */
  readonly hostPort?: number;
}

/** One running copy. Copies may differ, because hosts do. */
export interface Replica {
  /** Name of a configured host. */
  readonly host: string;
  /** CPUs this copy may use. @default the workload's `cpus` */
  readonly cpus?: number;
  /** Memory limit of this copy in MiB. @default the workload's `memoryMiB` */
  readonly memoryMiB?: number;
}

/** Data that outlives the container. Two workloads that name the same volume share it. */
export interface WorkloadVolume {
  /** Names the volume within the stack. */
  readonly name: string;
  /** Absolute path in the container. */
  readonly path: string;
  /** Holds data that cannot be made again: protected from deletion where the environment says so. @default false */
  readonly stateful?: boolean;
  /** @default false */
  readonly readOnly?: boolean;
  /** The image has no such folder owned by its user, so the runtime gives it to `user` before the start. @default false */
  readonly giveToUser?: boolean;
}

/** How the engine finds out that a copy works; nothing that depends on it starts earlier. */
export interface HealthCheck {
  /** Program and arguments, run inside the container; exit code 0 is healthy. */
  readonly command: readonly string[];
  /** @default 5 */
  readonly intervalSeconds?: number;
  /** @default 4 */
  readonly timeoutSeconds?: number;
  /** Time to start up, during which failures do not count. @default 30 */
  readonly startSeconds?: number;
}

/** An image that is built from this repository. */
export interface ImageBuild {
  /** Repository part of the tag. */
  readonly name: string;
  /** Folder sent to the builder. */
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string;
  readonly args: Readonly<Record<string, string>>;
  /** Digest of the sources: the tag, so that an unchanged tree is not built again. */
  readonly sourceDigest: string;
}

/** What to run, without a word about the engine that runs it. Hardening is the runtime's business. */
export interface Workload {
  /** Reference from `images.ts`, or what to build. */
  readonly image: string | ImageBuild;
  /** Replaces the image's entrypoint. @default the image's own */
  readonly entrypoint?: readonly string[];
  /** @default the image's own command */
  readonly args?: readonly pulumi.Input<string>[];
  /** Plain settings. Secrets go to `secrets`. @default none */
  readonly env?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Files without secrets, by name, readable under {@link filePath}. @default none */
  readonly config?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Secret files, by name, readable under {@link filePath}. @default none */
  readonly secrets?: Readonly<Record<string, pulumi.Input<string>>>;
  /** For programs that read a secret only from the environment: variable name to the name of a secret file. Needs `entrypoint` and /bin/sh. @default none */
  readonly secretEnv?: Readonly<Record<string, string>>;
  /** By name; `RunningWorkload.addresses` takes the name. @default none */
  readonly ports?: Readonly<Record<string, WorkloadPort>>;
  /** Networks it calls others on, besides those its ports are on; `internet` is the way out. @default none */
  readonly reaches?: readonly ("backend" | "edge" | "internet")[];
  /** @default none */
  readonly volumes?: readonly WorkloadVolume[];
  /** Folders in memory, writable on a read-only root, with their size in MiB; `/tmp` is always there. @default { "/tmp": 64 } */
  readonly tmpfs?: Readonly<Record<string, number>>;
  readonly health: HealthCheck;
  /** Numeric `uid:gid`; 0 is refused. */
  readonly user: string;
  /** CPUs one copy may use. */
  readonly cpus: number;
  /** Memory limit of one copy in MiB, without swap. */
  readonly memoryMiB: number;
  /** Shared memory in MiB. @default the engine's 64 */
  readonly sharedMemoryMiB?: number;
  /** Indices of the host's GPUs. @default none */
  readonly gpus?: readonly number[];
  /** Why the root file system must stay writable. @default read-only */
  readonly writableRoot?: string;
  /** Time between the stop signal and the kill. @default 30 */
  readonly stopSeconds?: number;
  readonly replicas: readonly Replica[];
  /** Workloads that must be healthy before this one starts. @default none */
  readonly after?: readonly RunningWorkload[];
  /** Where metrics are served, for the observability parts. @default none */
  readonly metrics?: { readonly port: string; readonly path: string };
}

/** A workload that was handed to an engine. */
export interface RunningWorkload {
  readonly name: string;
  readonly workload: Workload;
  /** `host:port` of every copy, as the other workloads reach it. */
  addresses(port: string): readonly string[];
  /** `host:port` that spreads over the copies. */
  address(port: string): string;
  /** What to depend on to start after it. */
  readonly ready: readonly pulumi.Resource[];
}

/** An engine that runs workloads. */
export interface Runtime {
  /** Starts `workload` as children of `parent`; `name` names it within the stack. */
  run(name: string, workload: Workload, parent: pulumi.ComponentResource): RunningWorkload;
}

/** Folder every container finds its config and secret files in. */
export const filesFolder = "/etc/platform";

/** Path of a config or secret file inside the container. */
export function filePath(name: string): string {
  return `${filesFolder}/${name}`;
}

/** Everything wrong with a workload; empty where it can run. */
export function workloadProblems(workload: Workload): string[] {
  const problems: string[] = [];
  const { config = {}, secrets = {}, secretEnv = {}, ports = {}, user } = workload;
  if (!/^[1-9]\d*:\d+$/.test(user))
    problems.push(`\`user\` is "${user}"; allowed is a numeric "uid:gid" that is not root`);
  for (const name of Object.keys(secrets)) {
    if (name in config) problems.push(`\`secrets.${name}\` and \`config.${name}\` are the same file; rename one`);
  }
  for (const [variable, file] of Object.entries(secretEnv)) {
    if (!(file in secrets)) problems.push(`\`secretEnv.${variable}\` names "${file}", which is not in \`secrets\``);
  }
  if (Object.keys(secretEnv).length > 0 && !workload.entrypoint) problems.push("`secretEnv` needs `entrypoint`");
  for (const [name, { exposure, hostPort }] of Object.entries(ports)) {
    if ((exposure === "public") !== (hostPort !== undefined)) {
      problems.push(
        `\`ports.${name}\` has exposure "${exposure}"; \`hostPort\` goes with "public" and with nothing else`,
      );
    }
  }
  if (workload.replicas.length === 0) problems.push("`replicas` is empty; at least one is needed");
  return problems;
}
