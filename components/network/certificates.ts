import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

/** Arguments of {@link PrivateCa}. */
export interface PrivateCaArgs {
  /** Name the certificate is for. */
  readonly domain: string;
  /** Who signs, as browsers show it. */
  readonly organization: string;
  /** Days the server certificate is valid; `up` renews it in its last third. @default 365 */
  readonly validityDays?: number;
}

const hours = (days: number) => days * 24;

/**
 * A private certificate authority and a server certificate, for names no public authority may issue for, such as `.internal`.
 * Keys live encrypted in the stack's state. Clients trust {@link caCertificate}.
 */
export class PrivateCa extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:network:PrivateCa";
  /** PEM, public. */
  readonly caCertificate: pulumi.Output<string>;
  /** PEM of the server certificate, public. */
  readonly certificate: pulumi.Output<string>;
  /** PEM. Secret. */
  readonly privateKey: pulumi.Output<string>;

  constructor(name: string, args: PrivateCaArgs, opts?: pulumi.ComponentResourceOptions) {
    super(PrivateCa.__pulumiType, name, {}, opts);
    const { domain, organization, validityDays = 365 } = args;
    const key = (role: string) =>
      new tls.PrivateKey(`${name}-${role}`, { algorithm: "ECDSA", ecdsaCurve: "P256" }, { parent: this });
    const caKey = key("ca-key");
    const ca = new tls.SelfSignedCert(
      `${name}-ca`,
      {
        privateKeyPem: caKey.privateKeyPem,
        subject: { commonName: `${organization} CA`, organization },
        isCaCertificate: true,
        maxPathLength: 0,
        setSubjectKeyId: true,
        allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
        validityPeriodHours: hours(3650),
        earlyRenewalHours: hours(365),
      },
      { parent: this },
    );
    const serverKey = key("server-key");
    const request = new tls.CertRequest(
      `${name}-request`,
      { privateKeyPem: serverKey.privateKeyPem, subject: { commonName: domain, organization }, dnsNames: [domain] },
      { parent: this },
    );
    const certificate = new tls.LocallySignedCert(
      `${name}-server`,
      {
        certRequestPem: request.certRequestPem,
        caPrivateKeyPem: caKey.privateKeyPem,
        caCertPem: ca.certPem,
        allowedUses: ["server_auth", "digital_signature", "key_encipherment"],
        validityPeriodHours: hours(validityDays),
        earlyRenewalHours: hours(Math.floor(validityDays / 3)),
      },
      { parent: this },
    );
    this.caCertificate = ca.certPem;
    this.certificate = certificate.certPem;
    this.privateKey = pulumi.secret(serverKey.privateKeyPem);
    this.registerOutputs({ caCertificate: this.caCertificate });
  }
}
