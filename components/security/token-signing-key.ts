import { createHash, createPrivateKey } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

/** Key that signs access tokens, as a JWK set. Every copy of the API has the same one. */
export class TokenSigningKey extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:security:TokenSigningKey";
  /** JSON of a JWK set with the private key. Secret. */
  readonly jwks: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super(TokenSigningKey.__pulumiType, name, {}, opts);
    const key = new tls.PrivateKey(`${name}-key`, { algorithm: "ECDSA", ecdsaCurve: "P256" }, { parent: this });
    this.jwks = pulumi.secret(key.privateKeyPemPkcs8.apply(jwkSet));
    this.registerOutputs({ jwks: this.jwks });
  }
}

/** The JWK set of one private key; its id is the digest of the key, so that the same key has the same id everywhere. */
export function jwkSet(privateKeyPem: string): string {
  const jwk = createPrivateKey(privateKeyPem).export({ format: "jwk" });
  const kid = createHash("sha256")
    .update(`${jwk.x ?? ""}.${jwk.y ?? ""}`)
    .digest("base64url")
    .slice(0, 22);
  return JSON.stringify({ keys: [{ ...jwk, kid, alg: "ES256", use: "sig" }] });
}
