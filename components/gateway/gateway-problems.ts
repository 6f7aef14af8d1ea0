import type { GatewayConfig, GatewayDeployment } from "./litellm-config.ts";

/** A mistake in the gateway's configuration: which field, and how to mend it. */
export interface GatewayProblem {
  readonly field: string;
  readonly message: string;
}

/**
 * Everything wrong with a gateway configuration, all at once.
 * @param confidentialGroups groups whose calls must stay inside the company
 */
export function findGatewayProblems(
  config: GatewayConfig,
  confidentialGroups: readonly string[] = [],
): GatewayProblem[] {
  const groups = new Set(config.deployments.map((deployment) => deployment.group));
  return [
    ...duplicateIds(config.deployments),
    ...config.deployments.flatMap(priceProblems),
    ...fallbackProblems("fallbacks", config.fallbacks ?? {}, groups),
    ...fallbackProblems("contextWindowFallbacks", config.contextWindowFallbacks ?? {}, groups),
    ...leaks(config, confidentialGroups),
    ...cacheProblems(config, groups),
  ];
}

function duplicateIds(deployments: readonly GatewayDeployment[]): GatewayProblem[] {
  const seen = new Set<string>();
  return deployments.flatMap((deployment, index) => {
    const repeated = seen.has(deployment.id);
    seen.add(deployment.id);
    return repeated
      ? [{ field: `deployments[${index}].id`, message: `\`${deployment.id}\` is used twice; ids must be unique` }]
      : [];
  });
}

function priceProblems(deployment: GatewayDeployment): GatewayProblem[] {
  return (["promptPrice", "completionPrice"] as const)
    .filter((field) => !(deployment[field] > 0))
    .map((field) => ({
      field: `deployments.${deployment.id}.${field}`,
      message:
        `is ${deployment[field]}; a price must be above 0 US dollars per token, ` +
        "or the department's bill hides what the tokens cost. State a throughput or a price for the model.",
    }));
}

function fallbackProblems(
  field: string,
  fallbacks: NonNullable<GatewayConfig["fallbacks"]>,
  groups: ReadonlySet<string>,
): GatewayProblem[] {
  const known = [...groups].join(", ");
  const unknown = Object.entries(fallbacks).flatMap(([group, targets]) =>
    [group, ...targets]
      .filter((name) => !groups.has(name))
      .map((name) => ({
        field: `${field}.${group}`,
        message: `names \`${name}\`, which no model serves; served: ${known}`,
      })),
  );
  const cycle = findCycle(fallbacks);
  return cycle
    ? [
        ...unknown,
        { field: `${field}.${cycle[0] ?? ""}`, message: `is a cycle (${cycle.join(" -> ")}); remove one of its steps` },
      ]
    : unknown;
}

/** The first cycle in the fallback graph as the path that closes it, or `undefined`. */
export function findCycle(fallbacks: Readonly<Record<string, readonly string[]>>): string[] | undefined {
  const visit = (group: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(group)) return [...path.slice(path.indexOf(group)), group];
    for (const next of fallbacks[group] ?? []) {
      const cycle = visit(next, [...path, group]);
      if (cycle) return cycle;
    }
    return undefined;
  };
  for (const group of Object.keys(fallbacks)) {
    const cycle = visit(group, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** A confidential group must not reach an external deployment, itself or through any chain of fallbacks. */
function leaks(config: GatewayConfig, confidentialGroups: readonly string[]): GatewayProblem[] {
  const external = new Set(config.deployments.filter((d) => d.external).map((d) => d.group));
  return confidentialGroups.flatMap((group) => {
    const reached = reachableGroups(group, config.fallbacks, config.contextWindowFallbacks).find((name) =>
      external.has(name),
    );
    return reached
      ? [
          {
            field: `fallbacks.${group}`,
            message: `reaches \`${reached}\`, which is outside the company, but \`${group}\` is confidential; remove that step`,
          },
        ]
      : [];
  });
}

/** Groups a call to `group` can end up in, itself included, when each of the graphs may be followed at every step. */
export function reachableGroups(
  group: string,
  ...graphs: readonly (Readonly<Record<string, readonly string[]>> | undefined)[]
): string[] {
  const seen = new Set<string>();
  const queue = [group];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const graph of graphs) queue.push(...(graph?.[name] ?? []));
  }
  return [...seen];
}

function cacheProblems(config: GatewayConfig, groups: ReadonlySet<string>): GatewayProblem[] {
  const semantic = config.cache?.semantic;
  if (!semantic) return [];
  const problems: GatewayProblem[] = [];
  if (!groups.has(semantic.embeddingGroup)) {
    problems.push({
      field: "cache.semantic.embeddingGroup",
      message: `is \`${semantic.embeddingGroup}\`, which no model serves; served: ${[...groups].join(", ")}`,
    });
  }
  if (!(semantic.similarityThreshold >= 0.9 && semantic.similarityThreshold <= 1)) {
    problems.push({
      field: "cache.semantic.similarityThreshold",
      message: `is ${semantic.similarityThreshold}; allowed: 0.9 to 1, because looser matches return other questions' answers`,
    });
  }
  return problems;
}
