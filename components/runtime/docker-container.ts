import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { resourceLabels } from "../naming.ts";
import type { NetworkName } from "./docker-networks.ts";
import { filePath, filesFolder, type Replica, type Workload } from "./workload.ts";

/** What one copy of a workload needs besides the workload itself. */
export interface ContainerPlan {
  readonly prefix: string;
  readonly service: string;
  /** Copy, from 1. */
  readonly number: number;
  readonly replica: Replica;
  readonly image: pulumi.Input<string>;
  /** Network name to the engine's network name. */
  readonly networks: Readonly<Record<NetworkName, pulumi.Input<string>>>;
  /** Fixed address on the edge network, where there is one. */
  readonly edgeAddress?: string;
  /** Volume name to the engine's volume name. */
  readonly volumes: Readonly<Record<string, pulumi.Input<string>>>;
  /** Volume with the config and secret files, and the digest of its content. */
  readonly files?: { readonly volume: pulumi.Input<string>; readonly digest: pulumi.Input<string> };
}

/** Networks a workload is attached to, in a stable order. */
export function networksOf(workload: Workload): NetworkName[] {
  const names = new Set<NetworkName>();
  for (const { exposure } of Object.values(workload.ports ?? {})) {
    names.add(exposure === "public" ? "outside" : exposure);
  }
  for (const target of workload.reaches ?? []) names.add(target === "internet" ? "outside" : target);
  return [...names].sort();
}

/** Program and arguments, with secrets exported from their files where the program reads nothing but its environment. */
export function commandOf(workload: Workload): Pick<docker.ContainerArgs, "entrypoints" | "command"> {
  const { entrypoint, args, secretEnv = {} } = workload;
  const variables = Object.entries(secretEnv);
  if (variables.length === 0) {
    return { ...(entrypoint ? { entrypoints: [...entrypoint] } : {}), ...(args ? { command: [...args] } : {}) };
  }
  const exports = variables.map(([variable, file]) => `export ${variable}="$(cat ${filePath(file)})"`).join("\n");
  return {
    entrypoints: ["/bin/sh", "-euc", `${exports}\nexec "$@"`, "--", ...(entrypoint ?? [])],
    ...(args ? { command: [...args] } : {}),
  };
}

/** Container of one copy: every hardening rule of the platform is here and nowhere else. */
export function containerArgs(workload: Workload, plan: ContainerPlan): docker.ContainerArgs {
  const { prefix, service, number, replica } = plan;
  const memory = replica.memoryMiB ?? workload.memoryMiB;
  const tmpfs = { "/tmp": 64, ...workload.tmpfs };
  const publicPorts = Object.values(workload.ports ?? {}).filter(({ exposure }) => exposure === "public");
  return {
    name: `${prefix}-${service}-${String(number)}`,
    image: plan.image,
    ...commandOf(workload),
    envs: Object.entries(workload.env ?? {}).map(([key, value]) => joinSetting(key, value)),
    user: workload.user,
    readOnly: workload.writableRoot === undefined,
    tmpfs: Object.fromEntries(
      Object.entries(tmpfs).map(([path, mebibytes]) => [path, `rw,nosuid,nodev,mode=1777,size=${String(mebibytes)}m`]),
    ),
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    init: true,
    restart: "unless-stopped",
    mustRun: true,
    cpus: decimal(replica.cpus ?? workload.cpus),
    memory,
    memorySwap: memory,
    ...(workload.sharedMemoryMiB ? { shmSize: workload.sharedMemoryMiB } : {}),
    ...(workload.gpus?.length ? { gpus: `device=${workload.gpus.join(",")}` } : {}),
    logDriver: "json-file",
    logOpts: { "max-size": "20m", "max-file": "5" },
    ...healthArgs(workload),
    stopTimeout: workload.stopSeconds ?? 30,
    destroyGraceSeconds: workload.stopSeconds ?? 30,
    networksAdvanced: networksOf(workload).map((network) => ({
      name: plan.networks[network],
      aliases: network === "outside" ? [] : [service, `${service}-${String(number)}`],
      ...(network === "edge" && plan.edgeAddress ? { ipv4Address: plan.edgeAddress } : {}),
    })),
    ports: publicPorts.map(({ port, hostPort }) => ({ internal: port, external: hostPort ?? port })),
    volumes: volumeMounts(workload, plan),
    labels: labelArgs({
      ...resourceLabels(prefix, service),
      ...(plan.files ? { "ai-platform.files": plan.files.digest } : {}),
    }),
  };
}

function healthArgs({ health }: Workload): Pick<docker.ContainerArgs, "healthcheck" | "wait" | "waitTimeout"> {
  const { command, intervalSeconds = 5, timeoutSeconds = 4, startSeconds = 30 } = health;
  return {
    healthcheck: {
      tests: ["CMD", ...command],
      interval: duration(intervalSeconds),
      timeout: duration(timeoutSeconds),
      startPeriod: duration(startSeconds),
      retries: 3,
    },
    wait: true,
    waitTimeout: startSeconds + 60,
  };
}

/** As the provider writes it back ("1.0"), so that the next `up` shows no difference. */
function decimal(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** As the engine writes it back ("1m30s"), so that a refresh shows no difference. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const rest = `${String(seconds % 60)}s`;
  if (hours > 0) return `${String(hours)}h${String(minutes % 60)}m${rest}`;
  return minutes > 0 ? `${String(minutes)}m${rest}` : rest;
}

function volumeMounts(workload: Workload, plan: ContainerPlan): docker.types.input.ContainerVolume[] {
  const mounts = (workload.volumes ?? []).map(({ name, path, readOnly = false }) => {
    const volumeName = plan.volumes[name];
    if (volumeName === undefined) throw new Error(`volume "${name}" of "${plan.service}" was not created`);
    return { volumeName, containerPath: path, readOnly };
  });
  if (!plan.files) return mounts;
  return [...mounts, { volumeName: plan.files.volume, containerPath: filesFolder, readOnly: true }];
}

/** Labels in the shape of @pulumi/docker, sorted so that the order of keys is no difference. */
export function labelArgs(labels: Readonly<Record<string, pulumi.Input<string>>>): docker.types.input.ContainerLabel[] {
  return Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label, value }));
}

function joinSetting(key: string, value: pulumi.Input<string>): pulumi.Input<string> {
  return typeof value === "string" ? `${key}=${value}` : pulumi.interpolate`${key}=${value}`;
}
