import { randomUUID } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import pLimit from "p-limit";
import { Problem } from "../errors.ts";
import { isCommonPassword } from "./common-passwords.ts";

/** Argon2id (the library's default algorithm) with OWASP's first choice of parameters; 19 MiB per hash. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes at the same time, so that sign-ins cannot take all memory and both cores. */
const concurrency = 2;
/** Hashes waiting, beyond which a sign-in is refused at once: about 5 s of work. */
const maxQueue = 200;

const limit = pLimit(concurrency);

/** What a stored hash must begin with to be of today's strength. */
const currentPrefix = `$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}$`;

export const minPasswordLength = 8;
export const maxPasswordLength = 256;

/**
 * Refuses passwords that are short or among the most common. No composition rules and no expiry: they make passwords worse.
 * @throws Problem `invalid-request`
 */
export async function checkPasswordRules(password: string): Promise<void> {
  const length = Array.from(password).length;
  const message =
    length < minPasswordLength
      ? `must have at least ${minPasswordLength} characters; this has ${length}`
      : length > maxPasswordLength
        ? `must have at most ${maxPasswordLength} characters; this has ${length}`
        : (await isCommonPassword(password))
          ? "is one of the passwords tried first; choose another"
          : undefined;
  if (!message) return;
  throw new Problem("invalid-request", `The password ${message}.`, { errors: [{ field: "/password", message }] });
}

export function hashPassword(password: string): Promise<string> {
  return bounded(() => hash(password.normalize("NFC"), parameters));
}

/** Checks a password. Without a hash (unknown user, service account) the same work is done for nothing. */
export async function verifyPassword(storedHash: string | null | undefined, password: string): Promise<boolean> {
  const against = storedHash ?? (await dummyHash());
  // Cut before hashing: nobody has a longer password, and hashing megabytes would be work for the asking.
  const candidate = password.normalize("NFC").slice(0, maxPasswordLength * 2);
  const matches = await bounded(() => verify(against, candidate));
  return matches && storedHash != null;
}

/** Whether a hash was made with weaker parameters than today's and should be made again at this sign-in. */
export function needsRehash(storedHash: string): boolean {
  return !storedHash.startsWith(currentPrefix);
}

let dummy: Promise<string> | undefined;
function dummyHash(): Promise<string> {
  dummy ??= hash(randomUUID(), parameters);
  return dummy;
}

async function bounded<T>(work: () => Promise<T>): Promise<T> {
  if (limit.pendingCount >= maxQueue) {
    throw new Problem("unavailable", "Too many sign-ins at once. Try again shortly.", { retryAfter: 5 });
  }
  return limit(work);
}
