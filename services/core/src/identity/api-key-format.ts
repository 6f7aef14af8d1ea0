import { crc32 } from "node:zlib";
import { randomSecret } from "./secrets.ts";

/** `aip_<environment>_<43 characters of secret><8 of checksum>`: easy to find in a leak, and refused when mistyped. */
const pattern = /^aip_[a-z0-9]{1,16}_[A-Za-z0-9_-]{43}[0-9a-f]{8}$/;
const checksumLength = 8;

/** Makes a key with 256 random bits. @param environment such as `prod`, so that a key shows where it belongs */
export function generateApiKey(environment: string): string {
  const body = `aip_${environment}_${randomSecret()}`;
  return body + checksum(body);
}

/** Whether a bearer credential is meant as an API key. */
export function isApiKey(credential: string): boolean {
  return credential.startsWith("aip_");
}

/** Whether it can be a key at all, told without a look into the store. */
export function isWellFormedApiKey(key: string): boolean {
  return pattern.test(key) && key.slice(-checksumLength) === checksum(key.slice(0, -checksumLength));
}

/** The first characters, enough to tell one's keys apart: environment and 6 of the 43 secret characters. */
export function apiKeyPrefix(key: string): string {
  return key.slice(0, key.indexOf("_", 4) + 7);
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(checksumLength, "0");
}
