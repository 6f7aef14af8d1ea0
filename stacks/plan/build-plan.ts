import * as pulumi from "@pulumi/pulumi";
import { describeFleet, type FleetRow, renderFleetTable } from "../../components/capacity/fleet-table.ts";
import { monthlyBill } from "../../components/capacity/pricing.ts";
import type { Exposure, RunningWorkload } from "../../components/runtime/workload.ts";
import { type PlatformConfig, readConfig } from "../config.ts";
import { type PlatformOutputs, platformOutputsSchema } from "../outputs.ts";
import { buildPlatform, type Platform } from "../platform.ts";
import { projectName, readSettingsFile } from "../settings-file.ts";
import { ProgramRecorder, type RecordedResource } from "./recorder.ts";

/** One copy of a workload on a host. */
export interface PlannedCopy {
  readonly name: string;
  readonly workload: string;
  readonly host: string;
  readonly image: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly gpus: readonly number[];
}

/** A port and who can reach it. */
export interface PlannedPort {
  readonly workload: string;
  readonly port: string;
  readonly exposure: Exposure;
  readonly address: string;
  readonly reachableBy: readonly string[];
}

/** A secret by name: where it comes from and which workloads read it. */
export interface PlannedSecret {
  readonly workload: string;
  readonly files: readonly string[];
}

/** What `up` would make, computed without an engine. */
export interface Plan {
  readonly environment: string;
  readonly resources: readonly RecordedResource[];
  /** URNs of the components that registered outputs. */
  readonly finished: readonly string[];
  readonly hosts: Readonly<Record<string, { readonly engine: string; readonly copies: readonly PlannedCopy[] }>>;
  readonly networks: Readonly<Record<string, readonly string[]>>;
  readonly ports: readonly PlannedPort[];
  readonly secrets: readonly PlannedSecret[];
  readonly outputs: PlatformOutputs;
  readonly fleet: { readonly rows: readonly FleetRow[]; readonly table: string; readonly usdPerMonth: number };
}

/**
 * Runs the real program under Pulumi's test runtime and describes what it asked for.
 * @param settingsFile `Pulumi.<stack>.yaml`
 */
export async function buildPlan(stack: string, settingsFile: string): Promise<Plan> {
  const recorder = new ProgramRecorder();
  await recorder.install(projectName, stack);
  const { plain, secretKeys } = readSettingsFile(settingsFile);
  const config = Object.entries(plain).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  // What is encrypted is not needed to know what exists.
  const placeholders = secretKeys.map((key) => [key, "not decrypted in a plan"]);
  pulumi.runtime.setAllConfig(Object.fromEntries([...config, ...placeholders]) as Record<string, string>, [
    ...secretKeys,
  ]);
  const settings = readConfig();
  const platform = buildPlatform(settings);
  await recorder.settled();
  return describe(settings, platform, recorder, await resolveOutputs(platform));
}

/** From the most public to the least. */
const exposures: readonly Exposure[] = ["public", "edge", "backend"];

async function resolveOutputs({ exports }: Platform): Promise<PlatformOutputs> {
  const all = pulumi.all(exports as unknown as Record<string, pulumi.Input<unknown>>);
  const values = await new Promise((resolve) => {
    all.apply(resolve);
  });
  return platformOutputsSchema.parse(values);
}

function describe(
  config: PlatformConfig,
  { workloads }: Platform,
  { resources, finished }: ProgramRecorder,
  outputs: PlatformOutputs,
): Plan {
  const copies = workloads.flatMap(describeCopies);
  const hosts = Object.entries(config.hosts).map(([name, { engine }]) => [
    name,
    { engine, copies: copies.filter(({ host }) => host === name) },
  ]);
  const members = (network: "backend" | "edge" | "internet") =>
    workloads.filter((workload) => isOn(workload, network)).map(({ name }) => name);
  const { placement } = config;
  return {
    environment: config.stack,
    resources,
    finished: [...finished],
    hosts: Object.fromEntries(hosts) as Plan["hosts"],
    networks: { edge: members("edge"), backend: members("backend"), outside: members("internet") },
    ports: workloads
      .flatMap((workload) => describePorts(workload, members))
      .sort((a, b) => exposures.indexOf(a.exposure) - exposures.indexOf(b.exposure)),
    secrets: workloads.flatMap(({ name, workload: { secrets = {} } }) =>
      Object.keys(secrets).length > 0 ? [{ workload: name, files: Object.keys(secrets).sort() }] : [],
    ),
    outputs,
    fleet: {
      rows: describeFleet(placement),
      table: renderFleetTable(placement),
      usdPerMonth: monthlyBill(placement).totalUsdPerMonth,
    },
  };
}

function describeCopies({ name, workload }: RunningWorkload): PlannedCopy[] {
  const { image } = workload;
  return workload.replicas.map((replica, index) => ({
    name: `${name}-${String(index + 1)}`,
    workload: name,
    host: replica.host,
    image: typeof image === "string" ? image : `${image.name}:${image.sourceDigest} (built here)`,
    cpus: replica.cpus ?? workload.cpus,
    memoryMiB: replica.memoryMiB ?? workload.memoryMiB,
    gpus: workload.gpus ?? [],
  }));
}

function isOn({ workload }: RunningWorkload, network: "backend" | "edge" | "internet"): boolean {
  const listens = Object.values(workload.ports ?? {}).some(({ exposure }) =>
    network === "internet" ? exposure === "public" : exposure === network,
  );
  return listens || (workload.reaches ?? []).includes(network);
}

function describePorts(
  { name, workload }: RunningWorkload,
  members: (network: "backend" | "edge") => readonly string[],
): PlannedPort[] {
  return Object.entries(workload.ports ?? {}).map(([port, { port: number, exposure, hostPort }]) => ({
    workload: name,
    port,
    exposure,
    address: exposure === "public" ? `host port ${String(hostPort ?? number)}` : `${name}:${String(number)}`,
    reachableBy:
      exposure === "public" ? ["everyone who reaches the host"] : members(exposure).filter((other) => other !== name),
  }));
}
