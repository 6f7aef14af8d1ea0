import { describe, expect, it } from "vitest";
import { renderAcmeLoop } from "../../../components/network/acme.ts";
import { PrivateCa } from "../../../components/network/certificates.ts";
import { renderHostsFile } from "../../../components/network/dns.ts";
import { useMocks } from "../../support/mocks.ts";

const infra = useMocks();

describe("a private authority", () => {
  it("may sign certificates for servers and nothing below it", async () => {
    new PrivateCa("ca", { domain: "ai.test", organization: "Test" });
    await infra.recorder.settled();
    expect(infra.one("ca-ca").inputs).toMatchObject({ isCaCertificate: true, maxPathLength: 0 });
    expect(infra.one("ca-request").inputs).toMatchObject({ dnsNames: ["ai.test"] });
    expect(infra.one("ca-server").inputs.allowedUses).toEqual(["server_auth", "digital_signature", "key_encipherment"]);
  });

  it("renews the server's certificate in its last third", async () => {
    new PrivateCa("ca", { domain: "ai.test", organization: "Test", validityDays: 90 });
    await infra.recorder.settled();
    expect(infra.one("ca-server").inputs).toMatchObject({ validityPeriodHours: 2160, earlyRenewalHours: 720 });
  });
});

it("asks ACME for a first certificate, then renews", () => {
  const script = renderAcmeLoop("ai.company.com", "it@company.com", "https://acme.test/directory");
  expect(script).toContain("--server https://acme.test/directory --email it@company.com --domains ai.company.com");
  expect(script).toMatch(/renew --dynamic; else lego .* run; fi/);
});

it("writes lines for a hosts file", () => {
  expect(renderHostsFile(["ai.test", "chat.test"], "10.0.0.1")).toBe("10.0.0.1 ai.test\n10.0.0.1 chat.test\n");
});
