import { modelRoles, type PlatformSettings, type SecretKey } from "./config-schema.ts";

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

function isExternal(model: PlatformSettings["models"][string]): boolean {
  return model.engine === "address" && model.external;
}

const hostsExist: Rule = (settings) => {
  const { hosts, edge, data, apps, models, embedding } = settings;
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
    ...Object.entries(models).flatMap(([name, model]): [string[], string][] =>
      model.engine === "address" ? [] : [[["models", name, "host"], model.host]],
    ),
    ...(embedding.engine === "tei" ? [[["embedding", "host"], embedding.host] as [string[], string]] : []),
  ];
  return used
    .filter(([, host]) => !known.includes(host))
    .map(([path, host]) => ({ path, message: `is "${host}"; configured hosts are ${known.join(", ")}` }));
};

const gpusAreFree: Rule = ({ hosts, models, embedding }) => {
  const claims = [
    ...Object.entries(models).flatMap(([name, model]) =>
      model.engine === "vllm" ? model.gpus.map((gpu) => ({ owner: `models.${name}`, host: model.host, gpu })) : [],
    ),
    ...(embedding.engine === "tei" && embedding.gpu !== undefined
      ? [{ owner: "embedding", host: embedding.host, gpu: embedding.gpu }]
      : []),
  ];
  const owners = new Map<string, string>();
  return claims.flatMap(({ owner, host, gpu }): ConfigProblem[] => {
    const path = owner === "embedding" ? ["embedding", "gpu"] : [...owner.split("."), "gpus"];
    const count = hosts[host]?.gpus;
    if (count !== undefined && gpu >= count) {
      return [
        { path, message: `names GPU ${String(gpu)} of host "${host}", which has ${String(count)} (counted from 0)` },
      ];
    }
    const taken = owners.get(`${host}/${String(gpu)}`);
    owners.set(`${host}/${String(gpu)}`, owner);
    if (!taken) return [];
    return [
      { path, message: `names GPU ${String(gpu)} of host "${host}", which \`${taken}\` has; a GPU holds one model` },
    ];
  });
};

const rolesAreServed: Rule = ({ roles, models }) => {
  const known = Object.keys(models);
  return modelRoles.flatMap((role): ConfigProblem[] => {
    const names = roles[role] ?? [];
    if (names.length === 0) {
      return [
        { path: ["roles", role], message: `has no model; name at least one of ${known.join(", ") || "`models`"}` },
      ];
    }
    return names
      .filter((name) => !known.includes(name))
      .map((name) => ({
        path: ["roles", role],
        message: `names "${name}"; configured models are ${known.join(", ")}`,
      }));
  });
};

const modelsAreUsed: Rule = ({ roles, models }) => {
  const used = new Set(Object.values(roles).flat());
  return Object.keys(models)
    .filter((name) => !used.has(name))
    .map((name) => ({ path: ["models", name], message: "serves no role; name it in `roles` or remove it" }));
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

const rules: readonly Rule[] = [
  acmeNeedsPublicName,
  secretsAreThere,
  hostsExist,
  gpusAreFree,
  rolesAreServed,
  modelsAreUsed,
  portsDiffer,
  prodKeepsData,
];
