import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSigningKeys } from "@ai-platform/core/identity/signing-keys.ts";
import { afterAll, beforeAll, expect, it } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "signing-keys-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("are made once, kept readable for their owner alone, and published without their private part", async () => {
  const file = join(folder, "made.json");
  const first = await openSigningKeys(file);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const second = await openSigningKeys(file);
  expect((await second.signer()).kid).toBe((await first.signer()).kid);
  expect(await readFile(file, "utf8")).toContain('"d"');
  const { keys } = await first.jwks();
  expect(keys).toMatchObject([{ kty: "EC", crv: "P-256", alg: "ES256", use: "sig" }]);
  expect(keys[0]).not.toHaveProperty("d");
});

it("can be PEM blocks, named alike on every replica", async () => {
  const pem = (type: "sec1" | "pkcs8") =>
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type, format: "pem" }).toString();
  const file = join(folder, "keys.pem");
  await writeFile(file, `${pem("sec1")}\n${pem("pkcs8")}`);
  const [one, other] = [await openSigningKeys(file), await openSigningKeys(file)];
  expect((await one.jwks()).keys).toHaveLength(2);
  expect(await one.jwks()).toEqual(await other.jwks());
});

it("rotated by one replica are known to the other at the first token that needs them", async () => {
  const file = join(folder, "shared.json");
  const [one, other] = [await openSigningKeys(file), await openSigningKeys(file)];
  const before = (await other.signer()).kid;
  const after = await one.rotate();
  expect(await other.verifier(after)).toBeDefined();
  expect(await other.verifier(before)).toBeDefined();
});

it("rotated within one tick of the file system's clock are known all the same", async () => {
  const file = join(folder, "tick.json");
  const tick = new Date("2026-01-01T00:00:00Z");
  await openSigningKeys(file);
  await utimes(file, tick, tick);
  const [one, other] = [await openSigningKeys(file), await openSigningKeys(file)];
  const after = await one.rotate();
  await utimes(file, tick, tick);
  expect(await other.verifier(after)).toBeDefined();
});

it.each([
  "",
  "{}",
  '{"keys":[]}',
  '{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"a"}]}',
  "-----BEGIN X-----\n-----END X-----",
])("are refused when the file holds %j", async (content) => {
  const file = join(folder, "bad.json");
  await writeFile(file, content);
  await expect(openSigningKeys(file)).rejects.toThrow("must be a JWK set or PEM blocks");
});
