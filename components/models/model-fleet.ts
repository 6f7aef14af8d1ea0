import * as pulumi from "@pulumi/pulumi";
import type { ModelRole } from "../capacity/fleet-request.ts";
import type { PlacedReplica, Placement } from "../capacity/placement.ts";
import { replicaUsdPerHour, type TokenPrice, tokenPrice } from "../capacity/pricing.ts";
import { FleetError } from "../capacity/problems.ts";
import { replicaThroughput } from "../capacity/throughput.ts";
import type { Images } from "../images.ts";
import type { RunningWorkload, Runtime, Workload } from "../runtime/workload.ts";
import { GeneratedSecret } from "../security/generated-secret.ts";
import type { ServerSettings, ServerWorkload } from "./model-server.ts";
import { describeTei } from "./tei-args.ts";
import { describeVllm } from "./vllm-args.ts";

/** Arguments of {@link ModelFleet}. */
export interface ModelFleetArgs extends ServerSettings {
  readonly runtime: Runtime;
  readonly images: Images;
  /** Plain: it decides what exists. */
  readonly placement: Placement;
  /** Hugging Face token for gated weights. Secret. @default none */
  readonly hubToken?: pulumi.Input<string>;
}

/** One model server, for the gateway's list of deployments. */
export interface ModelEndpoint {
  /** Name of the replica, `<role>-<n>`. */
  readonly name: string;
  readonly role: ModelRole;
  /** Model name the server answers to. */
  readonly servedModel: string;
  /** Base address that ends in `/v1`. */
  readonly baseUrl: string;
  /** Secret; replicas of a role share it. */
  readonly apiKey: pulumi.Output<string>;
  /** Tokens of prompt and answer together. */
  readonly context: number;
  /** Sequences the server runs at once. */
  readonly maxSequences: number;
  readonly price: TokenPrice;
  readonly running: RunningWorkload;
}

/**
 * The model servers of all roles: vLLM for those that write, Text Embeddings Inference for embedding and reranking.
 *
 * ### Cost
 * That of its hosts; `monthlyBill` of `capacity/pricing.ts` divides it among the replicas.
 */
export class ModelFleet extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:models:ModelFleet";
  readonly endpoints: readonly ModelEndpoint[];

  /** @throws FleetError where gated weights would have to be fetched without a token */
  constructor(name: string, args: ModelFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super(ModelFleet.__pulumiType, name, {}, opts);
    checkGatedWeights(args);
    const { replicas } = args.placement;
    const apiKeys = createApiKeys(name, replicas, this);
    const servers: [PlacedReplica, RunningWorkload][] = [];
    for (const replica of replicas) {
      const after = servers.filter(([other]) => sharesGpu(replica, other)).map(([, running]) => running);
      const workload = createWorkload(replica, args, apiKeys[replica.request.role], after);
      servers.push([replica, args.runtime.run(`${name}-${replica.name}`, workload, this)]);
    }
    this.endpoints = servers.map(([replica, running]) =>
      describeEndpoint(replica, running, args.placement, apiKeys[replica.request.role]),
    );
    this.registerOutputs({ models: this.endpoints.map(({ servedModel }) => servedModel) });
  }
}

type ApiKeys = Readonly<Record<ModelRole, pulumi.Output<string>>>;

function createApiKeys(name: string, replicas: readonly PlacedReplica[], parent: ModelFleet): ApiKeys {
  const roles = [...new Set(replicas.map(({ request }) => request.role))];
  const keys = roles.map((role) => [role, new GeneratedSecret(`${name}-${role}-api-key`, {}, { parent }).value]);
  return Object.fromEntries(keys) as ApiKeys;
}

/** vLLM measures free memory while it starts, so servers on one card start one after the other. */
function sharesGpu(a: PlacedReplica, b: PlacedReplica): boolean {
  return a.host.name === b.host.name && a.gpus.some((gpu) => b.gpus.includes(gpu));
}

function checkGatedWeights({ placement, hubToken, offline = false }: ModelFleetArgs): void {
  const gated = placement.replicas.filter(({ request }) => request.checkpoint.gated);
  if (gated.length === 0 || hubToken !== undefined || offline) return;
  throw new FleetError(
    gated.map(({ request }) => ({
      field: `roles.${request.role}.model`,
      message: `\`${request.checkpoint.repository}\` is gated; give \`hubToken\`, or fill the cache and set \`offline\``,
    })),
  );
}

/** What the placement says about a server, without the secrets and the engine. */
export function describeServer(replica: PlacedReplica, settings: ServerSettings): ServerWorkload {
  return replica.request.model.kind === "generate" ? describeVllm(replica, settings) : describeTei(replica, settings);
}

function createWorkload(
  replica: PlacedReplica,
  args: ModelFleetArgs,
  apiKey: pulumi.Output<string>,
  after: readonly RunningWorkload[],
): Workload {
  const { offline = false, hubToken } = args;
  const withToken = hubToken !== undefined && !offline;
  const generates = replica.request.model.kind === "generate";
  return {
    ...describeServer(replica, { offline }),
    image: args.images[imageName(replica)],
    secrets: { "api-key": apiKey, ...(withToken ? { "hub-token": hubToken } : {}) },
    secretEnv: {
      [generates ? "VLLM_API_KEY" : "API_KEY"]: "api-key",
      ...(withToken ? { HF_TOKEN: "hub-token" } : {}),
    },
    reaches: offline ? [] : ["internet"],
    after,
    replicas: [{ host: replica.host.name }],
  };
}

function imageName({ request, host }: PlacedReplica): "vllm" | "vllm-cpu" | "tei-gpu" | "tei-cpu" {
  if (request.model.kind === "generate") return host.accelerator ? "vllm" : "vllm-cpu";
  return host.accelerator ? "tei-gpu" : "tei-cpu";
}

function describeEndpoint(
  replica: PlacedReplica,
  running: RunningWorkload,
  placement: Placement,
  apiKey: pulumi.Output<string>,
): ModelEndpoint {
  const { request } = replica;
  return {
    name: replica.name,
    role: request.role,
    servedModel: request.model.id,
    baseUrl: `http://${running.address("http")}/v1`,
    apiKey,
    context: request.context,
    maxSequences: replica.maxSequences,
    price: tokenPrice(replicaUsdPerHour(replica, placement), replicaThroughput(replica)),
    running,
  };
}
