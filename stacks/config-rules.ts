import { findCycle, reachableGroups } from "../components/gateway/gateway-problems.ts";
import type { ChatRole, ModelSettings, PlatformSettings, SecretKey } from "./config-schema.ts";

/** A setting that contradicts another one. */
export interface ConfigProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What a rule may ask about the stack besides its settings. */
export interface RuleContext {
  readonly stack: string;
  readonly hasSecret: (key: SecretKey) => boolean;
}

type Rule = (settings: PlatformSettings, context: RuleContext) => ConfigProblem[];

/** Everything that is wrong between settings; the schema has checked each by itself. */
export function findConfigProblems(settings: PlatformSettings, context: RuleContext): ConfigProblem[] {
  return rules.flatMap((rule) => rule(settings, context));
}

const publicNames = /\.(internal|local|lan|home|corp|test|localhost)$/;

const acmeNeedsPublicName: Rule = ({ domain, tls, edge }) => {
  if (tls.mode !== "acme") return [];
  const problems: ConfigProblem[] = [];
  if (publicNames.test(domain)) {
    problems.push({
      path: ["tls", "mode"],
      message: `is "acme", but no public authority issues for "${domain}"; use { mode: private-ca } or a public domain`,
    });
  }
  if (edge.httpPort !== 80) {
    problems.push({
      path: ["edge", "httpPort"],
      message: `is ${String(edge.httpPort)}, but ACME checks port 80; set 80`,
    });
  }
  return problems;
};

const secretsAreThere: Rule = (settings, { stack, hasSecret }) => {
  const need: [SecretKey, boolean, string][] = [
    ["tlsPrivateKey", settings.tls.mode === "files", '`tls.mode` is "files"'],
    ["modelApiKey", Object.values(settings.models).some(isExternal), "a model is external"],
  ];
  return need
    .filter(([key, needed]) => needed && !hasSecret(key))
    .map(([key, , why]) => ({
      path: [key],
      message: `is not set, but ${why}; set it with: npx pulumi config set --secret ${key} --stack ${stack}`,
    }));
};

function isExternal(model: ModelSettings | undefined): boolean {
  return model?.server === "address" && model.external;
}

const hostsExist: Rule = (settings) => {
  const { hosts, edge, data, apps, models } = settings;
  const known = Object.keys(hosts);
  const used: [(string | number)[], string][] = [
    [["edge", "host"], edge.host],
    ...(["postgres", "redis", "qdrant", "objectStore"] as const).map((store): [string[], string] => [
      ["data", store, "host"],
      data[store].host,
    ]),
    ...(["api", "gateway", "ingest"] as const).flatMap((app) =>
      apps[app].map(({ host }, index): [(string | number)[], string] => [["apps", app, index, "host"], host]),
    ),
    ...Object.entries(models).flatMap(([role, model]): [string[], string][] =>
      model.server === "llama-cpp" ? [[["models", role, "host"], model.host]] : [],
    ),
  ];
  return used
    .filter(([, host]) => !known.includes(host))
    .map(([path, host]) => ({ path, message: `is "${host}"; configured hosts are ${known.join(", ")}` }));
};

const sharedServersExist: Rule = ({ models }) =>
  Object.entries(models).flatMap(([role, model]): ConfigProblem[] => {
    if (model.server !== "shared") return [];
    const path = ["models", role, "with"];
    if (role === "embedding" || role === "rerank") {
      return [{ path, message: `is "${model.with}", which writes text; \`${role}\` needs a server of its own` }];
    }
    if (models[model.with].server !== "shared") return [];
    return [{ path, message: `is "${model.with}", which shares a server itself; name the role that has one` }];
  });

const embeddingHasDimensions: Rule = ({ models: { embedding } }) => {
  if (embedding.server === "llama-cpp") {
    return [{ path: ["models", "embedding", "server"], message: 'is "llama-cpp"; allowed are "placed" and "address"' }];
  }
  if (embedding.server !== "address" || embedding.dimensions !== undefined) return [];
  return [
    { path: ["models", "embedding", "dimensions"], message: "is missing; state the length of the server's vectors" },
  ];
};

const placedModelsHaveHosts: Rule = ({ models, hosts }) => {
  if (Object.values(hosts).some(({ compute }) => compute !== undefined)) return [];
  return Object.entries(models)
    .filter(([, { server }]) => server === "placed")
    .map(([role]) => ({
      path: ["models", role, "server"],
      message:
        'is "placed", but no host says what it has; give one `compute`, such as { accelerator: l40s, gpus: 2, usdPerHour: 3 }',
    }));
};

const portsDiffer: Rule = ({ edge }) =>
  edge.httpPort === edge.httpsPort
    ? [{ path: ["edge", "httpsPort"], message: `is ${String(edge.httpsPort)}, as is \`edge.httpPort\`; use another` }]
    : [];

const prodKeepsData: Rule = ({ data, tls }, { stack }) => {
  if (stack !== "prod") return [];
  const problems: ConfigProblem[] = [];
  if (!data.protect) problems.push({ path: ["data", "protect"], message: "is false; prod keeps its data, set true" });
  if (tls.mode === "acme" && tls.directory?.includes("staging")) {
    problems.push({
      path: ["tls", "directory"],
      message: "is a staging authority, which no browser trusts; remove it",
    });
  }
  return problems;
};

const fallbacksEnd: Rule = ({ fallbacks }) => {
  const cycle = findCycle(fallbacks);
  if (!cycle) return [];
  const path = ["fallbacks", cycle[0] ?? ""];
  return [{ path, message: `is a cycle (${cycle.join(" -> ")}); remove one of its steps` }];
};

const confidentialRolesStayInside: Rule = ({ confidentialRoles, fallbacks, models }) =>
  confidentialRoles.flatMap((role, index): ConfigProblem[] => {
    const reached = reachableGroups(role, fallbacks).find((name) => isExternal(serverOf(name as ChatRole, models)));
    if (!reached) return [];
    const way = reached === role ? "is served" : `falls back to \`${reached}\``;
    const message = `is "${role}", which ${way} outside the company; remove it here, or that server or fallback`;
    return [{ path: ["confidentialRoles", index], message }];
  });

function serverOf(role: ChatRole, models: PlatformSettings["models"]): ModelSettings {
  const model = models[role];
  return model.server === "shared" ? models[model.with] : model;
}

const rules: readonly Rule[] = [
  acmeNeedsPublicName,
  secretsAreThere,
  hostsExist,
  sharedServersExist,
  embeddingHasDimensions,
  placedModelsHaveHosts,
  portsDiffer,
  fallbacksEnd,
  confidentialRolesStayInside,
  prodKeepsData,
];
