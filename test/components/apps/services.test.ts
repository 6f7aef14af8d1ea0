import { expect, it } from "vitest";
import { Api } from "../../../components/apps/api.ts";
import { Ingest } from "../../../components/apps/ingest.ts";
import { servicesImage } from "../../../components/apps/services-image.ts";
import { resolveImages } from "../../../components/images.ts";
import { useMocks } from "../../support/mocks.ts";
import { runtime } from "../../support/workload.ts";
import { apiEnvSchema } from "../../../services/api/src/env.ts";

const infra = useMocks();
const image = servicesImage(process.cwd(), resolveImages());
const connections = {
  databaseUrl: "postgresql://platform:db-password@postgres:5432/platform",
  qdrantUrl: "http://qdrant:6333",
  qdrantApiKey: "qdrant-secret",
  embedding: { url: "http://embedding:8080/v1", model: "bge-m3", dimensions: 1024, apiKey: "embedding-secret" },
};
const replicas = [{ host: "local" }, { host: "local" }];

async function deploy() {
  const engine = runtime();
  const api = new Api("api", {
    runtime: engine,
    image,
    replicas,
    connections,
    publicUrl: "https://ai.test",
    environment: "test",
    modelRoles: ["chat"],
    modelPrice: { promptUsd: 0.05, completionUsd: 0.2 },
    passwordGrant: false,
    trustedProxies: "10.213.7.0/24",
    limitsRedis: { host: "redis-limits", port: 6379, password: "redis-secret" },
    gateway: { url: "http://gateway:4000/v1", key: "sk-secret" },
    usageKey: "usage-secret-usage-secret",
    signingKeys: "{}",
    after: [],
  });
  new Ingest("ingest", { runtime: engine, image, replicas: replicas.slice(1), connections, after: [api.running] });
  await infra.recorder.settled();
}

const settingsOf = (name: string) => {
  const { envs } = infra.one(name).inputs as { envs: string[] };
  return Object.fromEntries(envs.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
};

it("gives the API only settings that it knows", async () => {
  await deploy();
  const known = Object.keys(apiEnvSchema.shape);
  const unknown = Object.keys(settingsOf("api-1")).filter(
    (name) => !known.includes(name) && !known.includes(name.replace(/_FILE$/, "")),
  );
  expect(unknown).toEqual([]);
});

it("tells the API what its agents' tokens cost", async () => {
  await deploy();
  expect(settingsOf("api-1")).toMatchObject({ OPENAI_PROMPT_PRICE: "0.05", OPENAI_COMPLETION_PRICE: "0.2" });
});

it("gives services secrets as files and never in their environment", async () => {
  await deploy();
  expect(JSON.stringify(infra.all())).not.toMatch(/-secret|db-password/);
  expect(settingsOf("ingest-1").DATABASE_URL_FILE).toBe("/etc/platform/database-url");
});

it("builds one image, named by the digest of its sources", async () => {
  await deploy();
  expect(image.sourceDigest).toBe(servicesImage(process.cwd(), resolveImages()).sourceDigest);
  expect(infra.one("docker-local-services").inputs).toMatchObject({
    imageName: `ai-platform-test/services:${image.sourceDigest}`,
    skipPush: true,
  });
});

it("names another image where its base changes", () => {
  const other = servicesImage(process.cwd(), resolveImages({ overrides: { "node-run": "local/node:2" } }));
  expect(other.sourceDigest).not.toBe(image.sourceDigest);
});

it("lets documents under way finish before a stop", async () => {
  await deploy();
  expect(infra.one("ingest-1").inputs).toMatchObject({ stopTimeout: 60, destroyGraceSeconds: 60 });
});
