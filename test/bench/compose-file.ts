import { docker } from "../e2e/engine.ts";

/** The part of `docker inspect` that a compose file can say too. */
interface Inspected {
  readonly Name: string;
  readonly Image: string;
  readonly Config: {
    readonly Entrypoint: string[] | null;
    readonly Cmd: string[] | null;
    readonly Env: string[];
    readonly User: string;
    readonly Healthcheck?: { readonly Test: string[]; readonly Interval: number; readonly StartPeriod: number };
  };
  readonly HostConfig: {
    readonly Tmpfs: Readonly<Record<string, string>>;
    readonly Memory: number;
    readonly NanoCpus: number;
    readonly ReadonlyRootfs: boolean;
    readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  };
  readonly Mounts: readonly { readonly Name?: string; readonly Destination: string; readonly RW: boolean }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> };
}

/**
 * Renders the running containers of a stack as a compose file: same images, commands, limits and networks, volumes of
 * its own for data, and the stack's files read-only. It publishes no ports, because the stack holds them.
 */
export function renderComposeFile(prefix: string): string {
  const ids = docker("ps", "--quiet", "--filter", `label=ai-platform.stack=${prefix}`).split("\n");
  const containers = JSON.parse(docker("inspect", ...ids)) as Inspected[];
  const volumes: Record<string, object> = {};
  const networks: Record<string, object> = {};
  const services = containers.map((container) => {
    for (const name of Object.keys(container.NetworkSettings.Networks)) networks[name.replace(`${prefix}-`, "")] = {};
    const mounts = container.Mounts.flatMap(({ Name, Destination, RW }) => {
      if (!Name) return [];
      const isFiles = Name.endsWith("-files");
      volumes[Name] = isFiles ? { external: true } : {};
      return [`${Name}:${Destination}${RW ? "" : ":ro"}`];
    });
    return [container.Name.replace(`/${prefix}-`, ""), describeService(prefix, container, mounts)] as const;
  });
  // JSON is YAML, and quotes what YAML 1.1 would take for a number, such as the user 2000:0.
  return JSON.stringify({ version: "2.4", services: Object.fromEntries(services), volumes, networks }, null, 2);
}

function describeService(prefix: string, { Image, Config, HostConfig, NetworkSettings }: Inspected, volumes: string[]) {
  const { Healthcheck: health } = Config;
  // Compose reads $ as the start of a variable.
  const escape = (words: readonly string[] | null) => words?.map((word) => word.replaceAll("$", "$$$$"));
  return {
    image: Image,
    ...(Config.Entrypoint ? { entrypoint: escape(Config.Entrypoint) } : {}),
    ...(Config.Cmd ? { command: escape(Config.Cmd) } : {}),
    environment: escape(Config.Env),
    user: Config.User,
    read_only: HostConfig.ReadonlyRootfs,
    tmpfs: Object.keys(HostConfig.Tmpfs),
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    init: true,
    mem_limit: HostConfig.Memory,
    cpus: HostConfig.NanoCpus / 1e9,
    logging: { driver: HostConfig.LogConfig.Type, options: HostConfig.LogConfig.Config },
    networks: Object.keys(NetworkSettings.Networks).map((name) => name.replace(`${prefix}-`, "")),
    volumes,
    ...(health
      ? {
          healthcheck: {
            test: escape(health.Test),
            interval: `${String(health.Interval / 1e9)}s`,
            start_period: `${String(health.StartPeriod / 1e9)}s`,
          },
        }
      : {}),
  };
}
