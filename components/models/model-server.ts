import type { PlacedReplica } from "../capacity/placement.ts";
import type { Workload } from "../runtime/workload.ts";

/** What follows from the placement of a model server; image, secrets and the rest are added by the fleet. */
export type ServerWorkload = Omit<
  Workload,
  "image" | "args" | "secrets" | "secretEnv" | "reaches" | "after" | "replicas"
> & {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** What all model servers of a fleet have in common. */
export interface ServerSettings {
  /** Serve from the caches only; nothing is fetched, so the weights must be there. @default false */
  readonly offline?: boolean;
}

/** Numeric user both servers run as; vLLM's image lets group 0 write where it needs to. */
export const modelUser = "2000:0";

/** Where the weights of a host's models are cached; one volume for all models of that host. */
export const weightsFolder = "/models";
export const weightsVolume = { name: "model-weights", path: weightsFolder, giveToUser: true } as const;

/** Assumed speeds in bytes per second: a 400 Mbit/s line, and a network disk. */
const DOWNLOAD = 50e6;
const DISK = 200e6;
/** Compiling and capturing CUDA graphs, the same for every model. */
const WARM_UP_SECONDS = 180;

/** Time from start to the first answer that a health check must allow for: fetch, read, compile. */
export function startSeconds({ request }: PlacedReplica, { offline = false }: ServerSettings): number {
  const { weightBytes } = request.checkpoint;
  const fetch = offline ? 0 : weightBytes / DOWNLOAD;
  return Math.ceil(WARM_UP_SECONDS + fetch + weightBytes / DISK);
}

/** `--revision` where one is pinned. */
export function revisionArgs({ request }: PlacedReplica): string[] {
  const { revision } = request.checkpoint;
  return revision === undefined ? [] : ["--revision", revision];
}
