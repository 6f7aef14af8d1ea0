import { execFileSync } from "node:child_process";

/** A container as the engine describes it; the part the test looks at. */
export interface ContainerState {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Status: string; readonly Health?: { readonly Status: string } };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, { HostPort: string }[] | null>>;
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

export function docker(...args: string[]): string {
  return execFileSync("docker", args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 26,
  }).trim();
}

const lines = (text: string) => text.split("\n").filter((line) => line !== "");

/** The containers of a stack that run, by their name without the stack's prefix. */
export function runningContainers(prefix: string): Map<string, ContainerState> {
  const ids = lines(docker("ps", "--quiet", "--no-trunc", "--filter", `label=ai-platform.stack=${prefix}`));
  if (ids.length === 0) return new Map();
  const states = JSON.parse(docker("inspect", ...ids)) as ContainerState[];
  return new Map(states.map((state) => [state.Name.replace(`/${prefix}-`, ""), state]));
}

/** Everything on the engine that carries the stack's label or prefix. */
export function leftovers(prefix: string): string[] {
  const label = ["--filter", `label=ai-platform.stack=${prefix}`];
  const name = ["--filter", `name=${prefix}-`];
  const found = [label, name].flatMap((filter) => [
    ...lines(docker("ps", "--all", ...filter, "--format", "container {{.Names}}")),
    ...lines(docker("network", "ls", ...filter, "--format", "network {{.Name}}")),
    ...lines(docker("volume", "ls", ...filter, "--format", "volume {{.Name}}")),
  ]);
  const images = lines(
    docker("images", "--filter", `reference=${prefix}/*`, "--format", "image {{.Repository}}:{{.Tag}}"),
  );
  return [...new Set([...found, ...images])].sort();
}

/** Removes what a failed run left, so that the next one starts on clean ground. */
export function removeLeftovers(prefix: string): void {
  const commands = {
    container: ["rm", "--force", "--volumes"],
    network: ["network", "rm"],
    volume: ["volume", "rm"],
    image: ["rmi"],
  };
  for (const line of leftovers(prefix)) {
    const [kind = "", name = ""] = line.split(" ");
    docker(...commands[kind as keyof typeof commands], name);
  }
}

/** Waits until a container is healthy. */
export async function untilHealthy(name: string, seconds = 120): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (docker("inspect", "--format", "{{.State.Health.Status}}", name) !== "healthy") {
    if (Date.now() > end) throw new Error(`${name} is not healthy after ${String(seconds)} s`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
