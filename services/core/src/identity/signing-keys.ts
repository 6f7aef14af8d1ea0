import { createPrivateKey, randomUUID } from "node:crypto";
import { chmod, readFile, rename, stat, writeFile } from "node:fs/promises";
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JSONWebKeySet,
  type JWK,
} from "jose";
import { z } from "zod";

/** The one algorithm tokens are signed with; no other is accepted. */
export const signingAlgorithm = "ES256";

const privateJwks = z
  .array(z.looseObject({ kid: z.string().min(1), kty: z.literal("EC"), crv: z.literal("P-256"), d: z.string() }))
  .min(1);

/** Keys of access tokens. The newest signs; all of them verify, so that a rotation invalidates nothing. */
export interface SigningKeys {
  /** The key new tokens are signed with. */
  signer(): Promise<{ readonly kid: string; readonly key: CryptoKey }>;
  /** The public key with this id, from our own set only. */
  verifier(kid: string): Promise<CryptoKey | undefined>;
  /** Public keys as served at `/.well-known/jwks.json`. */
  jwks(): Promise<JSONWebKeySet>;
  /** Makes a new signing key, keeps the last one for verification, drops older ones. Returns the new id. */
  rotate(): Promise<string>;
}

interface KeySet {
  readonly privateJwks: readonly JWK[];
  readonly signer: { readonly kid: string; readonly key: CryptoKey };
  readonly verifiers: ReadonlyMap<string, CryptoKey>;
  readonly jwks: JSONWebKeySet;
}

/** Seconds between looks at the key file. For an unknown key id it is looked at again: another replica may have rotated. */
const recheckSeconds = 10;

/**
 * Opens the key set in a file, and creates the file where it does not exist; without a file the keys live in memory.
 * The file is a JWK set with private keys, or PEM blocks; the first key signs. A changed file is taken up without a restart.
 */
export async function openSigningKeys(file?: string): Promise<SigningKeys> {
  let seen: string | undefined;
  let checked = 0;
  let current = await load();

  async function load(): Promise<KeySet> {
    const stored = file === undefined ? undefined : await readKeyFile(file);
    if (stored) {
      seen = stored.state;
      return importKeySet(stored.jwks);
    }
    const jwks = [await generateJwk()];
    if (file !== undefined) await writeKeyFile(file, jwks);
    return importKeySet(jwks);
  }

  async function refreshed(afterSeconds: number): Promise<KeySet> {
    if (file === undefined || Date.now() - checked < afterSeconds * 1000) return current;
    checked = Date.now();
    if ((await fileState(file)) !== seen) current = await load();
    return current;
  }

  return {
    signer: async () => (await refreshed(recheckSeconds)).signer,
    verifier: async (kid) =>
      (await refreshed(recheckSeconds)).verifiers.get(kid) ?? (await refreshed(0)).verifiers.get(kid),
    jwks: async () => (await refreshed(recheckSeconds)).jwks,
    rotate: async () => {
      const jwks = [await generateJwk(), ...current.privateJwks.slice(0, 1)];
      if (file !== undefined) await writeKeyFile(file, jwks);
      current = await importKeySet(jwks);
      return current.signer.kid;
    },
  };
}

async function generateJwk(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(signingAlgorithm, { extractable: true });
  return withKid(await exportJWK(privateKey));
}

async function importKeySet(keys: readonly JWK[]): Promise<KeySet> {
  const [first] = keys;
  if (!first?.kid) throw new Error("A key set needs at least one key with a kid");
  const publicJwks = keys.map(({ d: _private, ...jwk }) => ({ ...jwk, alg: signingAlgorithm, use: "sig" }));
  const verifiers = await Promise.all(
    publicJwks.map(async (jwk) => [jwk.kid ?? "", (await importJWK(jwk, signingAlgorithm)) as CryptoKey] as const),
  );
  return {
    privateJwks: keys,
    signer: { kid: first.kid, key: (await importJWK(first, signingAlgorithm)) as CryptoKey },
    verifiers: new Map(verifiers),
    jwks: { keys: publicJwks },
  };
}

/** Tells two contents of a file apart. The time alone does not: two writes within a tick of the clock share it. */
async function fileState(file: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(file, { bigint: true });
  return [ino, size, mtimeNs].join("/");
}

async function readKeyFile(file: string): Promise<{ jwks: JWK[]; state: string } | undefined> {
  let content: string;
  let state: string;
  try {
    // Before the content: a file that is replaced in between is read again at the next look.
    state = await fileState(file);
    content = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return { jwks: await parseKeys(content), state };
  } catch {
    throw new Error(`${file} must be a JWK set or PEM blocks with private P-256 keys; delete it to have one made`);
  }
}

/** Reads a JWK set, or PEM blocks one after the other as key generators write them. */
async function parseKeys(content: string): Promise<JWK[]> {
  const blocks = content.match(/-----BEGIN [A-Z ]+-----[\s\S]+?-----END [A-Z ]+-----/g);
  const keys: unknown = blocks
    ? await Promise.all(blocks.map((pem) => withKid(createPrivateKey(pem).export({ format: "jwk" }) as JWK)))
    : (JSON.parse(content) as { keys: unknown }).keys;
  return privateJwks.parse(keys);
}

/** The key's own thumbprint (RFC 7638) as its id: the same on every replica that has the key. */
async function withKid(jwk: JWK): Promise<JWK> {
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: signingAlgorithm, use: "sig" };
}

async function writeKeyFile(file: string, keys: readonly JWK[]): Promise<void> {
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, JSON.stringify({ keys }, null, 2), { mode: 0o600 });
  await rename(temporary, file);
  await chmod(file, 0o600);
}
