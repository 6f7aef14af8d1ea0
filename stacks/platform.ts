import { fileURLToPath } from "node:url";
import type * as pulumi from "@pulumi/pulumi";
import { Api } from "../components/apps/api.ts";
import { Ingest } from "../components/apps/ingest.ts";
import type { ServiceConnections } from "../components/apps/service-settings.ts";
import { servicesImage } from "../components/apps/services-image.ts";
import { ObjectStore } from "../components/data/object-store.ts";
import { Postgres } from "../components/data/postgres.ts";
import { Qdrant } from "../components/data/qdrant.ts";
import { Redis } from "../components/data/redis.ts";
import { LitellmGateway } from "../components/gateway/litellm.ts";
import { resolveImages } from "../components/images.ts";
import { stackPrefix } from "../components/naming.ts";
import { renderHostsFile } from "../components/network/dns.ts";
import { Edge, type EdgeTls } from "../components/network/edge.ts";
import { DockerRuntime } from "../components/runtime/docker-runtime.ts";
import type { RunningWorkload } from "../components/runtime/workload.ts";
import { GeneratedSecret } from "../components/security/generated-secret.ts";
import { TokenSigningKey } from "../components/security/token-signing-key.ts";
import { ConfigError, type PlatformConfig } from "./config.ts";
import { chatRoles } from "./config-schema.ts";
import {
  createModels,
  findChat,
  findEmbedding,
  gatewayConfig,
  modelKeyVariable,
  type EmbeddingModel,
  type ModelServer,
} from "./models.ts";
import type { PlatformExports } from "./outputs.ts";

const repository = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** What the program made. */
export interface Platform {
  readonly exports: PlatformExports;
  readonly workloads: readonly RunningWorkload[];
}

/** Composes the whole platform: engine, data, models, gateway, services, edge. */
export function buildPlatform(config: PlatformConfig): Platform {
  const prefix = stackPrefix(config.project, config.stack);
  const images = resolveImages(config.images);
  const runtime = new DockerRuntime("docker", {
    prefix,
    hosts: config.hosts,
    manager: config.edge.host,
    edgeSubnet: config.edge.subnet,
    protectData: config.data.protect,
  });
  const engine = { runtime, images };
  const data = createData(config, engine);
  const keys = createKeys();

  const models = createModels(config, engine);
  const embedding = findEmbedding(config, models);
  const image = servicesImage(repository, images);
  const connections: ServiceConnections = {
    databaseUrl: data.postgres.url,
    qdrantUrl: data.qdrant.url,
    qdrantApiKey: data.qdrant.apiKey,
    embedding,
  };
  const stores = [data.postgres.running, data.qdrant.running];
  const modelServers = models.flatMap(({ running }) => running ?? []);

  const gateway = new LitellmGateway("gateway", {
    ...engine,
    config: gatewayConfig(config, models, { limitsRedis: data.limits.address, cache: data.cache.address }),
    replicas: config.apps.gateway,
    gatewayKey: keys.gateway,
    limitsPassword: data.limits.password,
    cachePassword: data.cache.password,
    modelKeys: modelKeys(models),
    usageEndpoint: "http://api:8888/internal/usage",
    usageKey: keys.usage,
    reachesInternet: Object.values(config.models).some(({ server }) => server === "address"),
    after: [data.limits.running, data.cache.running, ...modelServers],
  });
  const publicUrl = edgeUrl(config);
  const api = new Api("api", {
    runtime,
    image,
    replicas: config.apps.api,
    connections,
    publicUrl,
    environment: config.stack.replace(/[^a-z0-9]/g, "").slice(0, 16),
    modelRoles: Object.keys(config.models),
    modelPrice: findChat(models),
    passwordGrant: config.apps.passwordGrant,
    trustedProxies: config.edge.subnet,
    limitsRedis: { ...data.limits.address, password: data.limits.password },
    gateway: { url: gateway.url, key: keys.gateway },
    usageKey: keys.usage,
    signingKeys: keys.signing,
    after: [...stores, data.limits.running, gateway.running],
  });
  new Ingest("ingest", { runtime, image, replicas: config.apps.ingest, connections, after: [...stores, api.running] });
  const edge = new Edge("edge", {
    ...engine,
    ...config.edge,
    domain: config.domain,
    tls: edgeTls(config),
    api: api.running,
    gateway: gateway.running,
    gatewayKey: keys.gateway,
  });
  return { exports: exportsOf(config, edge, embedding), workloads: runtime.workloads };
}

function createData(
  config: PlatformConfig,
  engine: Pick<ConstructorParameters<typeof Postgres>[1], "runtime" | "images">,
) {
  const { postgres, redis, qdrant, objectStore } = config.data;
  return {
    postgres: new Postgres("postgres", { ...engine, ...postgres }),
    limits: new Redis("redis-limits", { ...engine, ...redis, role: "limits" }),
    cache: new Redis("redis-cache", { ...engine, ...redis, role: "cache" }),
    qdrant: new Qdrant("qdrant", { ...engine, ...qdrant }),
    objectStore: new ObjectStore("object-store", { ...engine, ...objectStore }),
  };
}

function createKeys() {
  return {
    gateway: new GeneratedSecret("gateway-key", { prefix: "sk-" }).value,
    usage: new GeneratedSecret("usage-key").value,
    signing: new TokenSigningKey("token-signing").jwks,
  };
}

function modelKeys(servers: readonly ModelServer[]) {
  const keys: Record<string, pulumi.Input<string>> = {};
  for (const { id, apiKey } of servers) if (apiKey) keys[modelKeyVariable(id)] = apiKey;
  return keys;
}

function edgeTls({ tls, secrets }: PlatformConfig): EdgeTls {
  if (tls.mode === "private-ca") return tls;
  if (tls.mode === "acme") {
    return { mode: "acme", email: tls.email, ...(tls.directory ? { directory: tls.directory } : {}) };
  }
  const { tlsPrivateKey } = secrets;
  if (!tlsPrivateKey) throw new ConfigError("`tlsPrivateKey` is not set");
  return { ...tls, privateKey: tlsPrivateKey };
}

function edgeUrl({ domain, edge }: PlatformConfig): string {
  return `https://${domain}${edge.httpsPort === 443 ? "" : `:${String(edge.httpsPort)}`}`;
}

function exportsOf(config: PlatformConfig, edge: Edge, embedding: EmbeddingModel): PlatformExports {
  const edgeAddress = config.hosts[config.edge.host]?.address ?? "";
  return {
    contractVersion: 1,
    environment: config.stack,
    url: edge.url,
    openaiBaseUrl: `${edge.url}/v1`,
    docsUrl: `${edge.url}/docs`,
    edgeAddress,
    hostsFile: renderHostsFile([config.domain], edgeAddress),
    caCertificate: edge.caCertificate ?? "",
    modelRoles: [...chatRoles],
    embeddingModel: embedding.model,
    embeddingDimensions: embedding.dimensions,
  };
}
