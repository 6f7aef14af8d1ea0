import { describe, expect, it } from "vitest";
import { resolveImages } from "../../../components/images.ts";
import { Edge, type EdgeArgs, type EdgeTls } from "../../../components/network/edge.ts";
import { secretMark } from "../../../stacks/plan/recorder.ts";
import { useMocks } from "../../support/mocks.ts";
import { Owner, runtime, workload } from "../../support/workload.ts";

const infra = useMocks();

async function edge(tls: EdgeTls, changes: Partial<EdgeArgs> = {}): Promise<Edge> {
  const engine = runtime();
  const part = (name: string) =>
    engine.run(name, workload({ ports: { http: { port: 80, exposure: "edge" } } }), new Owner(name));
  const made = new Edge("edge", {
    runtime: engine,
    images: resolveImages(),
    host: "local",
    domain: "ai.company.com",
    tls,
    httpPort: 80,
    httpsPort: 443,
    api: part("api"),
    gateway: part("gateway"),
    gatewayKey: "sk-key",
    maxUploadMiB: 64,
    requestsPerSecond: 25,
    answerTimeoutSeconds: 600,
    ...changes,
  });
  await infra.recorder.settled();
  return made;
}

it("publishes two ports and nothing of its status", async () => {
  const { url } = await edge({ mode: "private-ca", organization: "Test" });
  expect(url).toBe("https://ai.company.com");
  expect(infra.one("edge-1").inputs.ports).toEqual([
    { internal: 8080, external: 80 },
    { internal: 8443, external: 443 },
  ]);
});

it("names its port where it is not the usual one", async () => {
  const { url } = await edge({ mode: "private-ca", organization: "Test" }, { httpsPort: 8443 });
  expect(url).toBe("https://ai.company.com:8443");
});

it("starts after what it leads to", async () => {
  await edge({ mode: "private-ca", organization: "Test" });
  const names = infra.one("edge-1").dependencies.map((urn) => urn.split("::").at(-1));
  expect(names).toEqual(expect.arrayContaining(["api-1", "gateway-1", "edge-local-files-carrier"]));
});

describe("with ACME", () => {
  it("shares certificates and challenges with the client, read-only", async () => {
    const { caCertificate } = await edge({ mode: "acme", email: "it@company.com" });
    expect(caCertificate).toBeUndefined();
    expect(infra.one("edge-1").inputs.volumes).toEqual(
      expect.arrayContaining([
        { volumeName: "ai-platform-test-acme-certificates", containerPath: "/acme", readOnly: true },
        { volumeName: "ai-platform-test-acme-challenges", containerPath: "/challenges", readOnly: true },
      ]),
    );
    expect(infra.one("edge-acme-1").inputs.user).toBe("101:101");
  });

  it("reaches the authority, and is reached by nobody", async () => {
    await edge({ mode: "acme", email: "it@company.com" });
    expect(infra.one("edge-acme-1").inputs.networksAdvanced).toEqual([
      { name: "ai-platform-test-outside-local", aliases: [] },
    ]);
  });
});

it("takes given files, the key as a secret", async () => {
  await edge({ mode: "files", certificate: "PEM", privateKey: "PRIVATE" });
  expect(infra.one("edge-local-files-carrier").inputs.uploads).toBe(secretMark);
  expect(infra.all().some(({ type }) => type.startsWith("tls:"))).toBe(false);
});
