import { expect, it } from "vitest";
import { LitellmGateway } from "../../../components/gateway/litellm.ts";
import type { GatewayDeployment } from "../../../components/gateway/litellm-config.ts";
import { resolveImages } from "../../../components/images.ts";
import { useMocks } from "../../support/mocks.ts";
import { runtime } from "../../support/workload.ts";

const infra = useMocks();

const deployment: GatewayDeployment = {
  id: "chat-1",
  group: "chat",
  servedModel: "chat",
  baseUrl: "http://model-chat:8080/v1",
  apiKeyEnv: "MODEL_KEY_CHAT_1",
  promptPrice: 1e-7,
  completionPrice: 2e-7,
  maxInputTokens: 8192,
};

const gateway = (changes: Partial<GatewayDeployment> = {}) =>
  new LitellmGateway("gateway", {
    runtime: runtime(),
    images: resolveImages(),
    config: { deployments: [{ ...deployment, ...changes }], limitsRedis: { host: "redis-limits", port: 6379 } },
    replicas: [{ host: "local" }, { host: "local" }],
    gatewayKey: "sk-top-secret",
    limitsPassword: "limits-secret",
    cachePassword: "cache-secret",
    modelKeys: { MODEL_KEY_CHAT_1: "model-secret" },
    usageEndpoint: "http://api:8888/internal/usage",
    usageKey: "usage-secret",
    reachesInternet: false,
    after: [],
  });

it("runs two stateless copies that hold no secret in their environment", async () => {
  const { url } = gateway();
  await infra.recorder.settled();
  expect(url).toBe("http://gateway:4000/v1");
  expect(infra.one("gateway-2").inputs).toMatchObject({
    readOnly: true,
    command: expect.arrayContaining(["4000"]) as unknown,
  });
  expect(infra.one("gateway-1").inputs.volumes).toHaveLength(1);
  expect(JSON.stringify(infra.all())).not.toMatch(/-secret/);
});

it("exports to LiteLLM every secret its config names", async () => {
  gateway();
  await infra.recorder.settled();
  const [, , script = ""] = infra.one("gateway-1").inputs.entrypoints as string[];
  for (const name of ["LITELLM_MASTER_KEY", "LIMITS_REDIS_PASSWORD", "CACHE_REDIS_PASSWORD", "MODEL_KEY_CHAT_1"]) {
    expect(script).toContain(`export ${name}="$(cat /etc/platform/${name})"`);
  }
});

it("has no way out of the platform where no model is outside it", async () => {
  gateway();
  await infra.recorder.settled();
  const networks = infra.one("gateway-1").inputs.networksAdvanced as { name: string }[];
  expect(networks.map(({ name }) => name)).toEqual(["ai-platform-test-backend", "ai-platform-test-edge"]);
});

it("refuses tokens that cost nothing", () => {
  expect(() => gateway({ promptPrice: 0 })).toThrow("deployments.chat-1.promptPrice is 0");
});
