import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Postgres } from "../../../components/data/postgres.ts";
import { Qdrant, renderQdrantConfig } from "../../../components/data/qdrant.ts";
import { renderRedisConfig } from "../../../components/data/redis-config.ts";
import { resolveImages, thirdPartyImages } from "../../../components/images.ts";
import { jwkSet } from "../../../components/security/token-signing-key.ts";
import { useMocks, valueOf } from "../../support/mocks.ts";
import { runtime } from "../../support/workload.ts";
import { generateKeyPairSync } from "node:crypto";

const infra = useMocks();
const images = resolveImages();

describe("Postgres", () => {
  it("gets its password as a file and its data on a protected volume", async () => {
    const postgres = new Postgres("postgres", { runtime: runtime(), images, host: "local" });
    await infra.recorder.settled();
    const { envs } = infra.one("postgres-1").inputs as { envs: string[] };
    expect(envs).toContain("POSTGRES_PASSWORD_FILE=/etc/platform/password");
    expect(envs.join("\n")).not.toContain("POSTGRES_PASSWORD=");
    expect(infra.one("postgres-local-volume").protect).toBe(true);
    expect(await valueOf(postgres.url)).toMatch(/^postgresql:\/\/platform:\S+@postgres:5432\/platform$/);
  });

  it("takes a quarter of its memory for its cache", async () => {
    new Postgres("postgres", { runtime: runtime(), images, host: "local", memoryMiB: 4096 });
    await infra.recorder.settled();
    expect(infra.one("postgres-1").inputs.command).toContain("shared_buffers=1024MB");
  });
});

describe("Redis", () => {
  it("keeps limits over a restart and never drops them", () => {
    const config = renderRedisConfig({ role: "limits", memoryMiB: 256, port: 6379 });
    expect(config).toContain("appendonly yes");
    expect(config).toContain("maxmemory-policy noeviction");
    expect(config).toContain("maxmemory 192mb");
  });

  it("lets the cache forget", () => {
    const config = renderRedisConfig({ role: "cache", memoryMiB: 256, port: 6379 });
    expect(config).toContain("appendonly no");
    expect(config).toContain("maxmemory-policy allkeys-lru");
  });
});

describe("Qdrant", () => {
  it("calls no address a client gives it and phones nobody", () => {
    expect(parse(renderQdrantConfig("key"))).toMatchObject({
      telemetry_disabled: true,
      service: { api_key: "key", enable_snapshot_url_recovery: false, enable_static_content: false },
    });
  });

  it("hides its key in the secret config", async () => {
    const qdrant = new Qdrant("qdrant", { runtime: runtime(), images, host: "local" });
    await infra.recorder.settled();
    expect(qdrant.url).toBe("http://qdrant:6333");
    expect(JSON.stringify(infra.one("qdrant-1").inputs)).not.toContain(await valueOf(qdrant.apiKey));
  });
});

describe("images", () => {
  it("come from the mirror, and from an override where there is one", () => {
    const mirrored = resolveImages({ mirror: "registry.company.test/", overrides: { redis: "local/redis:1" } });
    expect(mirrored.nginx).toBe(`registry.company.test/docker.io/library/nginx:${thirdPartyImages.nginx.tag}`);
    expect(mirrored.redis).toBe("local/redis:1");
  });

  it.each(Object.entries(thirdPartyImages))("%s has a fixed tag, a licence and a source", (_, image) => {
    expect(image.tag).not.toMatch(/^(latest|main|stable)$/);
    expect(image.licence).not.toBe("");
    expect(image.source).toMatch(/^https:\/\//);
  });
});

describe("the token signing key", () => {
  it("has the same id wherever it is turned into a JWK set", () => {
    const pem = generateKeyPairSync("ec", { namedCurve: "P-256" })
      .privateKey.export({ type: "pkcs8", format: "pem" })
      .toString();
    const set = JSON.parse(jwkSet(pem)) as { keys: Record<string, string>[] };
    expect(set).toEqual(JSON.parse(jwkSet(pem)));
    expect(set.keys[0]).toMatchObject({ kty: "EC", crv: "P-256", alg: "ES256", use: "sig" });
    expect(set.keys[0]?.kid).toHaveLength(22);
  });
});
