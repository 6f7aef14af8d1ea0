import type { PlacedReplica } from "../capacity/placement.ts";
import {
  modelUser,
  revisionArgs,
  type ServerSettings,
  type ServerWorkload,
  startSeconds,
  weightsFolder,
  weightsVolume,
} from "./model-server.ts";

export const teiPort = 8080;
export const teiMetricsPort = 9000;

/** Arguments of `text-embeddings-router` 1.9. */
export function teiArgs(replica: PlacedReplica): string[] {
  const { request } = replica;
  return [
    ...["--model-id", request.checkpoint.repository, ...revisionArgs(replica)],
    ...["--served-model-name", request.model.id],
    ...["--dtype", request.checkpoint.quantisation === "fp32" ? "float32" : "float16"],
    ...["--hostname", "0.0.0.0", "--port", String(teiPort), "--prometheus-port", String(teiMetricsPort)],
    // At least the model's context, or the server refuses to start with truncation off.
    ...["--max-batch-tokens", String(Math.max(replica.batchTokens, request.context))],
    // A text that is cut short would be found by its beginning only; callers chunk before they embed.
    ...["--auto-truncate", "false"],
    "--json-output",
  ];
}

/**
 * Describes one Text Embeddings Inference process. Offline it needs no setting: it reads the cache first, and files
 * that are optional and absent are only warned about.
 */
export function describeTei(replica: PlacedReplica, settings: ServerSettings): ServerWorkload {
  const { host, memory } = replica;
  return {
    // The CUDA image carries one program per GPU generation; its script picks.
    entrypoint: [host.accelerator ? "/entrypoint.sh" : "text-embeddings-router"],
    args: teiArgs(replica),
    env: { HUGGINGFACE_HUB_CACHE: `${weightsFolder}/hub`, HOME: "/tmp" },
    volumes: [weightsVolume],
    tmpfs: { "/tmp": 256 },
    health: {
      command: ["curl", "-sf", "-o", "/dev/null", `http://127.0.0.1:${teiPort}/health`],
      startSeconds: startSeconds(replica, settings),
    },
    user: modelUser,
    cpus: host.accelerator ? 2 : 4,
    memoryMiB: Math.ceil((memory.totalGiB + 2) * 1024),
    gpus: replica.gpus,
    ports: {
      http: { port: teiPort, exposure: "backend" },
      metrics: { port: teiMetricsPort, exposure: "backend" },
    },
    metrics: { port: "metrics", path: "/metrics" },
    stopSeconds: 30,
  };
}
