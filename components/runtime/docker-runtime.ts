import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { resourceLabels } from "../naming.ts";
import { containerArgs, labelArgs, networksOf } from "./docker-container.ts";
import { createFiles } from "./docker-files.ts";
import { createImage } from "./docker-image.ts";
import { dynamicRange, edgeAddress, type NetworkName } from "./docker-networks.ts";
import type { DockerSite } from "./docker-site.ts";
import { createVolume, type SiteVolume } from "./docker-volumes.ts";
import { type Replica, type RunningWorkload, type Runtime, type Workload, workloadProblems } from "./workload.ts";

/** A machine with a Docker engine. */
export interface DockerHost {
  /** `unix://`, `ssh://user@host` or `tcp://` address of the engine. */
  readonly engine: string;
  /** Private key file for `ssh://`. @default what ssh itself finds */
  readonly sshKeyFile?: string;
  /** CPUs it has: larger limits are cut to it, because the engine refuses them. @default limits stay as they are */
  readonly cpus?: number;
}

/** Arguments of {@link DockerRuntime}. */
export interface DockerRuntimeArgs {
  /** Starts every name on the engine: project and stack. */
  readonly prefix: string;
  /** By name. More than one host must form a Docker swarm, for its encrypted overlay networks. */
  readonly hosts: Readonly<Record<string, DockerHost>>;
  /** Host that makes the shared networks; in a swarm a manager. */
  readonly manager: string;
  /** `/24` of the edge network, free on every host. */
  readonly edgeSubnet: string;
  /** Stateful volumes survive `destroy` and are protected from deletion. */
  readonly protectData: boolean;
}

/** Runs workloads as containers on one or more Docker hosts. */
export class DockerRuntime extends pulumi.ComponentResource implements Runtime {
  static readonly __pulumiType = "aiplatform:runtime:DockerRuntime";
  /** Everything that was run, in order. */
  readonly workloads: RunningWorkload[] = [];
  private readonly name: string;
  private readonly args: DockerRuntimeArgs;
  private readonly providers: ReadonlyMap<string, docker.Provider>;
  private readonly networks: ReadonlyMap<string, docker.Network>;
  private readonly images = new Map<string, pulumi.Output<string>>();
  private readonly volumes = new Map<string, SiteVolume>();
  private edgeWorkloads = 0;

  constructor(name: string, args: DockerRuntimeArgs, opts?: pulumi.ComponentResourceOptions) {
    super(DockerRuntime.__pulumiType, name, {}, opts);
    this.name = name;
    this.args = args;
    this.providers = createProviders(name, args, this);
    this.networks = createNetworks(name, args, this.providers, this);
    this.registerOutputs({ networks: [...this.networks.values()].map((network) => network.name) });
  }

  run(name: string, workload: Workload, parent: pulumi.ComponentResource): RunningWorkload {
    const problems = workloadProblems(workload);
    if (problems.length > 0) throw new pulumi.ResourceError(`${name}: ${problems.join("; ")}`, parent);
    const hasEdge = networksOf(workload).includes("edge");
    const block = hasEdge ? this.edgeWorkloads++ : undefined;
    const edge = workload.replicas.map((_, index) =>
      block === undefined ? undefined : edgeAddress(this.args.edgeSubnet, block, index),
    );
    const ready = this.createContainers(name, workload, edge, parent);
    const running: RunningWorkload = {
      name,
      workload,
      ready,
      address: (port) => `${name}:${String(portOf(name, workload, port).port)}`,
      addresses: (port) => {
        const { port: number, exposure } = portOf(name, workload, port);
        return workload.replicas.map((_, index) => {
          const host = exposure === "edge" ? edge[index] : undefined;
          return `${host ?? `${name}-${String(index + 1)}`}:${String(number)}`;
        });
      },
    };
    this.workloads.push(running);
    return running;
  }

  private createContainers(
    service: string,
    workload: Workload,
    edge: readonly (string | undefined)[],
    parent: pulumi.ComponentResource,
  ): docker.Container[] {
    const sites = new Map<string, ReturnType<DockerRuntime["createSite"]>>();
    const containers: docker.Container[] = [];
    for (const [index, replica] of workload.replicas.entries()) {
      const site = sites.get(replica.host) ?? this.createSite(service, workload, replica.host, parent);
      sites.set(replica.host, site);
      const { files, volumes, provider } = site;
      const edgeAddress = edge[index];
      const args = containerArgs(workload, {
        prefix: this.args.prefix,
        service,
        number: index + 1,
        replica: this.fitToHost(replica, workload),
        image: site.image,
        networks: this.networkNames(replica.host),
        volumes: Object.fromEntries(volumes.map(([name, volume]) => [name, volume.name])),
        ...(files ? { files } : {}),
        ...(edgeAddress ? { edgeAddress } : {}),
      });
      // One copy after the other, so that a change rolls over them while the others serve.
      const dependsOn = [
        ...(workload.after ?? []).flatMap(({ ready }) => ready),
        ...containers.slice(-1),
        ...volumes.flatMap(([, { owner }]) => owner ?? []),
        ...(files ? [files.carrier] : []),
      ];
      const opts = { parent, provider, deleteBeforeReplace: true, dependsOn };
      containers.push(new docker.Container(`${service}-${String(index + 1)}`, args, opts));
    }
    return containers;
  }

  private fitToHost(replica: Replica, workload: Workload): Replica {
    const limit = this.args.hosts[replica.host]?.cpus ?? Infinity;
    return { ...replica, cpus: Math.min(replica.cpus ?? workload.cpus, limit) };
  }

  private createSite(service: string, workload: Workload, host: string, parent: pulumi.ComponentResource) {
    const provider = this.provider(host);
    const image = this.image(workload.image, host);
    const site: DockerSite = {
      name: `${service}-${host}`,
      prefix: this.args.prefix,
      service,
      workload,
      image,
      parent,
      provider,
    };
    const volumes = (workload.volumes ?? []).map((volume) => {
      const key = `${host}/${volume.name}`;
      const known = this.volumes.get(key) ?? createVolume(site, volume, this.args.protectData);
      this.volumes.set(key, known);
      return [volume.name, known] as const;
    });
    return { image, provider, files: createFiles(site), volumes };
  }

  private image(image: Workload["image"], host: string): pulumi.Output<string> {
    const key = `${host}/${typeof image === "string" ? image : `${image.name}:${image.sourceDigest}`}`;
    const known = this.images.get(key);
    if (known) return known;
    const created = createImage(`${this.name}-${host}`, image, this.args.prefix, {
      parent: this,
      provider: this.provider(host),
    });
    this.images.set(key, created);
    return created;
  }

  private provider(host: string): docker.Provider {
    const provider = this.providers.get(host);
    if (provider) return provider;
    throw new pulumi.ResourceError(
      `host "${host}" is not configured; configured are ${[...this.providers.keys()].join(", ")}`,
      this,
    );
  }

  private networkNames(host: string): Record<NetworkName, pulumi.Output<string>> {
    const of = (name: string) => {
      const network = this.networks.get(name);
      if (!network) throw new Error(`network "${name}" was not created`);
      return network.name;
    };
    return { backend: of("backend"), edge: of("edge"), outside: of(`outside-${host}`) };
  }
}

function portOf(name: string, workload: Workload, port: string) {
  const found = workload.ports?.[port];
  if (found) return found;
  throw new Error(`"${name}" has no port "${port}"; it has ${Object.keys(workload.ports ?? {}).join(", ") || "none"}`);
}

function createProviders(name: string, args: DockerRuntimeArgs, parent: pulumi.Resource) {
  const entries = Object.entries(args.hosts).map(([host, { engine, sshKeyFile }]) => {
    const sshOpts = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", ...(sshKeyFile ? ["-i", sshKeyFile] : [])];
    return [
      host,
      new docker.Provider(
        `${name}-${host}`,
        { host: engine, ...(engine.startsWith("ssh://") ? { sshOpts } : {}) },
        { parent },
      ),
    ] as const;
  });
  return new Map(entries);
}

/** `backend` and `edge` lead nowhere else; `outside` is the way out and in, and hides its members from each other. */
function createNetworks(
  name: string,
  args: DockerRuntimeArgs,
  providers: ReadonlyMap<string, docker.Provider>,
  parent: pulumi.Resource,
): Map<string, docker.Network> {
  const { prefix, edgeSubnet } = args;
  const manager = providers.get(args.manager);
  if (!manager) throw new Error(`the manager "${args.manager}" is no configured host`);
  const spansHosts = providers.size > 1;
  const inside = spansHosts
    ? { driver: "overlay", attachable: true, internal: true, options: { encrypted: "true" } }
    : { driver: "bridge", internal: true };
  const create = (role: string, network: docker.NetworkArgs, provider: docker.Provider) =>
    new docker.Network(
      `${name}-${role}`,
      { name: `${prefix}-${role}`, labels: labelArgs(resourceLabels(prefix, "network")), ...network },
      { parent, provider, deleteBeforeReplace: true },
    );
  const networks = new Map([
    ["backend", create("backend", inside, manager)],
    [
      "edge",
      create("edge", { ...inside, ipamConfigs: [{ subnet: edgeSubnet, ipRange: dynamicRange(edgeSubnet) }] }, manager),
    ],
  ]);
  for (const [host, provider] of providers) {
    const options = { "com.docker.network.bridge.enable_icc": "false" };
    networks.set(`outside-${host}`, create(`outside-${host}`, { driver: "bridge", options }, provider));
  }
  return networks;
}
