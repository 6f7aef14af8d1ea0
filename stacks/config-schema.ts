import * as z from "zod";
import { dnsLabel } from "../components/naming.ts";
import { type ImageName, thirdPartyImages } from "../components/images.ts";
import { edgeSubnetPattern } from "../components/runtime/docker-networks.ts";

/** Roles a model is asked for by. */
export const modelRoles = ["chat", "coding", "fast"] as const;

const name = z.string().regex(dnsLabel, "must be a DNS label: a-z, 0-9 and -, starting with a letter");
const port = z.int().min(1).max(65_535);
const url = z.url({ protocol: /^https?$/, error: "must be an http or https address" });
const cpus = z.number().positive();
const memoryMiB = z.int().min(32);
/** US dollars per million tokens. */
const usdPerMillionTokens = z.number().positive("must be above 0, or the books hide what the tokens cost");

const replica = z.strictObject({ host: name, cpus: cpus.exactOptional(), memoryMiB: memoryMiB.exactOptional() });
const replicas = z.array(replica).min(1).max(16);
const store = z.strictObject({ host: name, memoryMiB: memoryMiB.exactOptional(), cpus: cpus.exactOptional() });

const price = { promptUsd: usdPerMillionTokens, completionUsd: usdPerMillionTokens };
const served = {
  /** Hugging Face repository. */
  model: z.string().min(1),
  revision: z.string().exactOptional(),
  host: name,
  contextTokens: z.int().min(512),
  concurrentSequences: z.int().min(1).default(8),
  cpus: cpus.default(4),
  memoryMiB: memoryMiB.default(16_384),
  ...price,
};

export const modelSchema = z.discriminatedUnion("engine", [
  z.strictObject({
    engine: z.literal("vllm"),
    ...served,
    gpus: z.array(z.int().min(0)).min(1),
    gpuMemoryUtilization: z.number().min(0.1).max(0.98).exactOptional(),
    toolCallParser: z.string().exactOptional(),
    reasoningParser: z.string().exactOptional(),
    extraArgs: z.array(z.string()).exactOptional(),
  }),
  z.strictObject({ engine: z.literal("vllm-cpu"), ...served, toolCallParser: z.string().exactOptional() }),
  z.strictObject({ engine: z.literal("llama-cpp"), ...served }),
  z.strictObject({
    engine: z.literal("address"),
    url,
    model: z.string().min(1),
    contextTokens: z.int().min(512),
    /** Outside the company; never used for confidential departments. */
    external: z.boolean().default(false),
    ...price,
  }),
]);

const embeddingBase = {
  model: z.string().min(1),
  dimensions: z.int().min(1).max(4096),
  promptUsd: usdPerMillionTokens,
};
export const embeddingSchema = z.discriminatedUnion("engine", [
  z.strictObject({
    engine: z.literal("tei"),
    ...embeddingBase,
    revision: z.string().exactOptional(),
    host: name,
    gpu: z.int().min(0).exactOptional(),
    cpus: cpus.default(2),
    memoryMiB: memoryMiB.default(4096),
  }),
  z.strictObject({ engine: z.literal("address"), ...embeddingBase, url }),
]);

const tls = z.discriminatedUnion("mode", [
  z.strictObject({ mode: z.literal("private-ca"), organization: z.string().min(1) }),
  z.strictObject({ mode: z.literal("acme"), email: z.email(), directory: url.exactOptional() }),
  z.strictObject({ mode: z.literal("files"), certificate: z.string().startsWith("-----BEGIN CERTIFICATE-----") }),
]);

const host = z.strictObject({
  /** Docker engine. */
  engine: z.string().regex(/^(unix|ssh|tcp):\/\/.+/, 'must be "unix://…", "ssh://user@host" or "tcp://host:port"'),
  /** Address other machines reach it at. */
  address: z.string().min(1),
  sshKeyFile: z.string().exactOptional(),
  /** Number of GPUs. */
  gpus: z.int().min(0).max(16).default(0),
});

const imageNames = Object.keys(thirdPartyImages) as [ImageName, ...ImageName[]];

/** Everything an environment can set, as it stands in `Pulumi.<env>.yaml`; secrets are read beside it. */
export const configSchema = z.strictObject({
  domain: z.string().regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}$/, "must be a full domain name in lower case"),
  tls,
  hosts: z.record(name, host).refine((hosts) => Object.keys(hosts).length > 0, "needs at least one Docker host"),
  edge: z.strictObject({
    host: name,
    httpPort: port.default(80),
    httpsPort: port.default(443),
    maxUploadMiB: z.int().min(1).max(4096).default(64),
    requestsPerSecond: z.int().min(1).default(25),
    answerTimeoutSeconds: z.int().min(10).default(600),
    subnet: z.string().regex(edgeSubnetPattern, "must be a private /24 such as 10.213.7.0/24").default("10.213.7.0/24"),
  }),
  data: z.strictObject({
    /** Volumes survive `destroy` and are protected from deletion. */
    protect: z.boolean().default(true),
    postgres: store,
    redis: store,
    qdrant: store,
    objectStore: store,
  }),
  models: z.record(name, modelSchema),
  roles: z.partialRecord(z.enum(modelRoles), z.array(name)),
  fallbacks: z.partialRecord(z.enum(modelRoles), z.array(z.enum(modelRoles))).default({}),
  embedding: embeddingSchema,
  apps: z.strictObject({
    api: replicas,
    gateway: replicas,
    ingest: replicas,
    passwordGrant: z.boolean().default(true),
  }),
  images: z
    .strictObject({
      mirror: z.string().exactOptional(),
      overrides: z.partialRecord(z.enum(imageNames), z.string()).default({}),
    })
    .default({ overrides: {} }),
});

export type PlatformSettings = z.output<typeof configSchema>;
export type ModelSettings = z.output<typeof modelSchema>;

/** Secrets an environment may set with `pulumi config set --secret`. */
export const secretKeys = ["tlsPrivateKey", "huggingFaceToken", "modelApiKey"] as const;
export type SecretKey = (typeof secretKeys)[number];
