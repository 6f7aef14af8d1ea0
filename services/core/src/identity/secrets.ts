import { createHash, randomBytes } from "node:crypto";

/** SHA-256 in hex. Right for secrets with 256 random bits, wrong for passwords. */
export function sha256(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** 256 random bits in base64url. */
export function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}
