import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { type OutputReader, type PlatformOutputs, readPlatform } from "../../stacks/outputs.ts";
import { useMocks, valueOf } from "../support/mocks.ts";

useMocks();

/** Version 1 as other teams rely on it. A change here breaks them: add fields, never rename or drop one. */
const contract: PlatformOutputs = {
  contractVersion: 1,
  environment: "dev",
  url: "https://ai.dev.internal:8443",
  openaiBaseUrl: "https://ai.dev.internal:8443/v1",
  docsUrl: "https://ai.dev.internal:8443/docs",
  edgeAddress: "127.0.0.1",
  hostsFile: "127.0.0.1 ai.dev.internal\n",
  caCertificate: "certificate",
  modelRoles: ["chat", "coding", "fast"],
  embeddingModel: "bge-m3",
  embeddingDimensions: 1024,
};

const stackWith = (outputs: Record<string, unknown>): OutputReader => ({
  requireOutput: (name) => {
    if (!(name in outputs)) throw new Error(`Required output '${name}' does not exist`);
    return pulumi.output(outputs[name]);
  },
});

describe("the contract", () => {
  it("is what a stack with version 1 exports, key by key", async () => {
    await expect(valueOf(readPlatform(stackWith({ ...contract }), pulumi.all))).resolves.toEqual(contract);
  });

  it.each(Object.keys(contract))("misses %s loudly", (name) => {
    const { [name as "url"]: _, ...rest } = contract;
    expect(() => readPlatform(stackWith(rest), pulumi.all)).toThrow(name);
  });
});
