import * as z from "zod";

import type { ComputeHost } from "./compute-hosts.ts";
import { modelCatalog } from "./model-catalog.ts";
import { type Checkpoint, checkpointSchema, type Model, type ModelKind, type ModelSpec } from "./model-schema.ts";
import { FleetError, type FleetProblem, listNames } from "./problems.ts";
import { allowedTensorParallel, tensorParallelObstacle } from "./tensor-parallel.ts";

/** What a model is asked to do, and the kind of model that can do it. */
export const modelRoles = {
  coding: "generate",
  chat: "generate",
  fast: "generate",
  embedding: "embed",
  rerank: "rerank",
} as const satisfies Record<string, ModelKind>;
export type ModelRole = keyof typeof modelRoles;

/** Measured speed of one replica. */
export const throughputSchema = z.strictObject({
  /** Prompt tokens per second while it only reads prompts. */
  prefillTokensPerSecond: z.number(),
  /** Answer tokens per second over all sequences while it only writes answers. */
  decodeTokensPerSecond: z.number(),
});
export type Throughput = Readonly<z.output<typeof throughputSchema>>;

/** What the configuration says about one role. */
export const roleSchema = z.strictObject({
  /** Id from the catalog or from the configuration's own models. */
  model: z.string(),
  /** @default the model's first checkpoint */
  quantisation: checkpointSchema.shape.quantisation.optional(),
  /** Commit of the checkpoint's repository. @default the catalog's */
  revision: checkpointSchema.shape.revision,
  replicas: z.int().positive().default(1),
  /** Longest conversation in tokens, prompt and answer. @default 16384, or the model's if shorter */
  context: z.int().positive().optional(),
  /** Conversations of that length a replica must hold at once. @default 2 */
  sequences: z.int().positive().default(2),
  /** Tokens of a usual conversation; how many run at once is computed from it. @default 2048 */
  typicalTokens: z.int().positive().default(2048),
  /** GPUs one replica is split over. @default the fewest that fit */
  tensorParallel: z.int().positive().optional(),
  /** Hosts it may run on. @default all with GPUs; without any GPU in the fleet, all */
  hosts: z.array(z.string()).min(1).optional(),
  /** @default an estimate from the card's bandwidth and arithmetic, marked as such */
  throughput: throughputSchema.optional(),
  /** Share of the month a replica is expected to be busy, for the idle line of the costs. @default no idle line */
  expectedLoad: z.number().min(0).max(1).optional(),
});
export type RoleSpec = Readonly<z.output<typeof roleSchema>>;

/** A role with its model and defaults filled in. */
export interface ModelRequest {
  readonly role: ModelRole;
  readonly model: Model;
  readonly checkpoint: Checkpoint;
  readonly replicas: number;
  readonly context: number;
  readonly sequences: number;
  readonly typicalTokens: number;
  /** Sizes the placement may choose from. */
  readonly tensorParallel: readonly number[];
  readonly hosts: readonly string[] | undefined;
  readonly throughput: Throughput | undefined;
  readonly expectedLoad: number | undefined;
}

export interface RequestOptions {
  /** Models added by configuration; they beat the catalog. @default none */
  readonly models?: Readonly<Record<string, ModelSpec>>;
  /** Roles something refers to (agents, ingestion); each must be served. @default none */
  readonly neededRoles?: readonly ModelRole[];
  /** Refuse checkpoints without a pinned revision. @default false */
  readonly requireRevisions?: boolean;
}

/**
 * Fills in models and defaults; the result is sorted by role, so that the order of the configuration means nothing.
 * @throws FleetError with everything that is wrong
 */
export function resolveRequests(
  roles: Partial<Readonly<Record<ModelRole, RoleSpec>>>,
  hosts: readonly ComputeHost[],
  options: RequestOptions = {},
): ModelRequest[] {
  const models: Record<string, Model> = { ...modelCatalog };
  for (const [id, spec] of Object.entries(options.models ?? {})) models[id] = { id, ...spec };
  const problems: FleetProblem[] = [];
  for (const role of options.neededRoles ?? []) {
    if (!roles[role]) problems.push({ field: `roles.${role}`, message: "nothing serves this role; give it a `model`" });
  }
  const requests = (Object.keys(roles) as ModelRole[]).sort().flatMap((role) => {
    const spec = roles[role];
    const request = spec && resolveRole(role, spec, models, problems);
    if (!request) return [];
    problems.push(...hostProblems(request, hosts));
    if (options.requireRevisions && request.checkpoint.revision === undefined) {
      problems.push({
        field: `roles.${role}.revision`,
        message: `missing; state the commit of \`${request.checkpoint.repository}\` that was reviewed, so that the weights cannot change`,
      });
    }
    return [request];
  });
  if (problems.length > 0) throw new FleetError(problems);
  return requests;
}

function resolveRole(
  role: ModelRole,
  spec: RoleSpec,
  models: Readonly<Record<string, Model>>,
  problems: FleetProblem[],
): ModelRequest | undefined {
  const field = `roles.${role}`;
  const model = models[spec.model];
  const kind = modelRoles[role];
  if (!model) {
    const fitting = Object.values(models).filter((known) => known.kind === kind);
    const names = listNames(fitting.map(({ id }) => id));
    problems.push({
      field: `${field}.model`,
      message: `unknown model \`${spec.model}\`; known: ${names}; add your own under \`models\``,
    });
    return undefined;
  }
  if (model.kind !== kind) {
    problems.push({
      field: `${field}.model`,
      message: `\`${model.id}\` is of kind ${model.kind}; this role needs ${kind}`,
    });
  }
  const checkpoint = model.checkpoints.find(({ quantisation }) => quantisation === (spec.quantisation ?? quantisation));
  if (!checkpoint) {
    const names = listNames(model.checkpoints.map(({ quantisation }) => quantisation));
    problems.push({
      field: `${field}.quantisation`,
      message: `\`${model.id}\` has no \`${spec.quantisation ?? ""}\` weights; it has: ${names}`,
    });
    return undefined;
  }
  problems.push(...roleProblems(field, spec, model, checkpoint));
  return {
    role,
    model,
    checkpoint: spec.revision === undefined ? checkpoint : { ...checkpoint, revision: spec.revision },
    replicas: spec.replicas,
    context: model.kind === "generate" ? (spec.context ?? Math.min(16_384, model.context)) : model.context,
    sequences: spec.sequences,
    typicalTokens: spec.typicalTokens,
    tensorParallel:
      spec.tensorParallel === undefined ? allowedTensorParallel(model, checkpoint) : [spec.tensorParallel],
    hosts: spec.hosts,
    throughput: spec.throughput,
    expectedLoad: spec.expectedLoad,
  };
}

function roleProblems(field: string, spec: RoleSpec, model: Model, checkpoint: Checkpoint): FleetProblem[] {
  const problems: FleetProblem[] = [];
  if (spec.context !== undefined && spec.context > model.context) {
    problems.push({
      field: `${field}.context`,
      message: `got ${spec.context}; \`${model.id}\` was made for ${model.context} tokens at most`,
    });
  }
  const size = spec.tensorParallel;
  const obstacle = size === undefined ? undefined : tensorParallelObstacle(model, checkpoint, size);
  if (obstacle !== undefined) {
    const allowed = allowedTensorParallel(model, checkpoint).join(", ");
    problems.push({ field: `${field}.tensorParallel`, message: `got ${size ?? ""}: ${obstacle}; allowed: ${allowed}` });
  }
  for (const [key, value] of Object.entries(spec.throughput ?? {})) {
    if (!(value > 0)) {
      problems.push({
        field: `${field}.throughput.${key}`,
        message: `got ${value}; must be more than 0, since the price per token is divided by it`,
      });
    }
  }
  return problems;
}

function hostProblems({ role, hosts }: ModelRequest, known: readonly ComputeHost[]): FleetProblem[] {
  const names = known.map(({ name }) => name);
  return (hosts ?? [])
    .filter((host) => !names.includes(host))
    .map((host) => ({ field: `roles.${role}.hosts`, message: `unknown host \`${host}\`; known: ${listNames(names)}` }));
}
