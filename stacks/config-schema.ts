import * as z from "zod";
import { dnsLabel } from "../components/naming.ts";
import { roleSchema } from "../components/capacity/fleet-request.ts";
import { fleetSchema } from "../components/capacity/fleet.ts";
import { type ImageName, thirdPartyImages } from "../components/images.ts";
import { edgeSubnetPattern } from "../components/runtime/docker-networks.ts";

/** Roles a client names as `model`. */
export const chatRoles = ["chat", "coding", "fast"] as const;

const name = z.string().regex(dnsLabel, "must be a DNS label: a-z, 0-9 and -, starting with a letter");
const port = z.int().min(1).max(65_535);
const url = z.url({ protocol: /^https?$/, error: "must be an http or https address" });
const cpus = z.number().positive();
const memoryMiB = z.int().min(32);
const usdPerMillionTokens = z.number().positive("must be above 0, or the books hide what the tokens cost");

const replica = z.strictObject({ host: name, cpus: cpus.exactOptional(), memoryMiB: memoryMiB.exactOptional() });
const replicas = z.array(replica).min(1).max(16);
const store = z.strictObject({ host: name, memoryMiB: memoryMiB.exactOptional(), cpus: cpus.exactOptional() });

/** US dollars per million tokens. */
const prices = { promptUsd: usdPerMillionTokens, completionUsd: usdPerMillionTokens };

/** What serves a role. */
export const modelSchema = z.discriminatedUnion("server", [
  /** vLLM, or Text Embeddings Inference, on a host the placement picks. */
  roleSchema.extend({ server: z.literal("placed") }),
  /** llama.cpp: a small model on CPUs. */
  z.strictObject({
    server: z.literal("llama-cpp"),
    /** Hugging Face repository with its quantisation. */
    model: z.string().min(1),
    host: name,
    contextTokens: z.int().min(512).default(8192),
    concurrentSequences: z.int().min(1).default(2),
    cpus: cpus.default(2),
    memoryMiB: memoryMiB.default(3072),
    ...prices,
  }),
  /** An OpenAI-compatible server somebody else runs. */
  z.strictObject({
    server: z.literal("address"),
    url,
    model: z.string().min(1),
    contextTokens: z.int().min(512).default(8192),
    /** Length of the vectors; for the role `embedding`. */
    dimensions: z.int().min(1).max(4096).exactOptional(),
    /** Outside the company; never used for confidential departments. */
    external: z.boolean().default(false),
    ...prices,
  }),
  /** The server of another role. */
  z.strictObject({ server: z.literal("shared"), with: z.enum(chatRoles) }),
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
  /** CPUs it has; larger limits are cut to it. */
  cpus: cpus.exactOptional(),
  /** Hardware and its price, for hosts that models are placed on. */
  compute: fleetSchema.shape.hosts.valueType.exactOptional(),
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
  /** What serves each role. */
  models: z.strictObject({
    chat: modelSchema,
    coding: modelSchema,
    fast: modelSchema,
    embedding: modelSchema,
    rerank: modelSchema.exactOptional(),
  }),
  /** Roles to try, in order, where one is down. */
  fallbacks: z.partialRecord(z.enum(chatRoles), z.array(z.enum(chatRoles))).default({}),
  /** Roles whose calls must stay inside the company whoever makes them. */
  confidentialRoles: z.array(z.enum(chatRoles)).default([]),
  /** Cards and models the catalog does not know, and whether weights may be fetched. */
  catalog: z
    .strictObject({
      accelerators: fleetSchema.shape.accelerators,
      models: fleetSchema.shape.models,
      offline: fleetSchema.shape.offline,
    })
    .prefault({}),
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
    .prefault({}),
});

export type PlatformSettings = z.output<typeof configSchema>;
export type ModelSettings = z.output<typeof modelSchema>;

/** Secrets an environment may set with `pulumi config set --secret`. */
export const secretKeys = ["tlsPrivateKey", "huggingFaceToken", "modelApiKey"] as const;
export type SecretKey = (typeof secretKeys)[number];
export type ChatRole = (typeof chatRoles)[number];
