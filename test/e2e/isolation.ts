import { type ContainerState, docker } from "./engine.ts";

/** Ports that must answer inside the platform and nowhere else, by container. */
const inside: readonly (readonly [container: string, port: number])[] = [
  ["postgres-1", 5432],
  ["redis-limits-1", 6379],
  ["redis-cache-1", 6379],
  ["qdrant-1", 6333],
  ["object-store-1", 7070],
  ["gateway-1", 4000],
  ["model-chat-1", 8080],
  ["models-embedding-1-1", 8080],
  ["api-1", 8888],
];

/** Says of each `host:port` argument whether it accepts a connection within two seconds. */
const probe = `
const { connect } = require("node:net");
const tries = process.argv.slice(1).map((target) => new Promise((resolve) => {
  const [host, port] = target.split(":");
  const socket = connect({ host, port: Number(port), timeout: 2000 });
  const done = (open) => () => { socket.destroy(); resolve([target, open]); };
  socket.once("connect", done(true)).once("timeout", done(false)).once("error", done(false));
}));
Promise.all(tries).then((all) => console.log(JSON.stringify(Object.fromEntries(all))));
`;

/** Which inner ports answer. Keys are `container:port/network`. */
export interface Reachability {
  /** Asked by a container of the platform that is on the same network. */
  readonly fromInside: Readonly<Record<string, boolean>>;
  /** Asked by a container on the engine's default network. */
  readonly fromOutside: Readonly<Record<string, boolean>>;
}

/** Tries every inner port on every address its container has. */
export function probeInnerPorts(prefix: string, containers: ReadonlyMap<string, ContainerState>): Reachability {
  const targets = inside.flatMap(([name, port]) => {
    return Object.entries(containers.get(name)?.NetworkSettings.Networks ?? {}).map(([network, { IPAddress }]) => ({
      key: `${name}:${String(port)}/${network}`,
      network,
      address: `${IPAddress}:${String(port)}`,
    }));
  });
  const image = docker("inspect", "--format", "{{.Image}}", `${prefix}-api-1`);
  const ask = (network: string, addresses: readonly string[]) => {
    const run = ["run", "--rm", "--network", network, "--entrypoint", "/usr/local/bin/node", image, "-e", probe];
    return JSON.parse(docker(...run, ...addresses)) as Record<string, boolean>;
  };
  const answers = (ofNetwork: (network: string) => string) => {
    const networks = new Set(targets.map(({ network }) => network));
    const open = [...networks].flatMap((network) => {
      const members = targets.filter((target) => target.network === network);
      const found = ask(
        ofNetwork(network),
        members.map(({ address }) => address),
      );
      return members.map(({ key, address }) => [key, found[address] ?? false] as const);
    });
    return Object.fromEntries(open);
  };
  return { fromInside: answers((network) => network), fromOutside: answers(() => "bridge") };
}
