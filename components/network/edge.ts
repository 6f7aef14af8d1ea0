import * as pulumi from "@pulumi/pulumi";
import type { Images } from "../images.ts";
import { filePath, type RunningWorkload, type Runtime } from "../runtime/workload.ts";
import { AcmeClient } from "./acme.ts";
import { PrivateCa } from "./certificates.ts";
import { renderNginxConfig } from "./nginx-config.ts";

/** Where the server certificate comes from. */
export type EdgeTls =
  | { readonly mode: "private-ca"; readonly organization: string }
  | { readonly mode: "acme"; readonly email: string; readonly directory?: string }
  | { readonly mode: "files"; readonly certificate: string; readonly privateKey: pulumi.Input<string> };

/** Arguments of {@link Edge}. */
export interface EdgeArgs {
  readonly runtime: Runtime;
  readonly images: Images;
  readonly host: string;
  readonly domain: string;
  readonly tls: EdgeTls;
  /** Ports on the host. */
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly api: RunningWorkload;
  readonly gateway: RunningWorkload;
  /** Proves to the gateway that a call came through here. Secret. */
  readonly gatewayKey: pulumi.Input<string>;
  readonly maxUploadMiB: number;
  readonly requestsPerSecond: number;
  readonly answerTimeoutSeconds: number;
}

interface Certificate {
  readonly certificateFile: string;
  readonly certificateKeyFile: string;
  readonly secrets: Readonly<Record<string, pulumi.Input<string>>>;
  readonly caCertificate?: pulumi.Output<string>;
  readonly acme?: AcmeClient;
}

const ports = { http: 8080, https: 8443, status: 8081 };

/** nginx, the only part that is reachable from outside. */
export class Edge extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:network:Edge";
  readonly running: RunningWorkload;
  /** Base address clients use. */
  readonly url: string;
  /** PEM of the private authority clients must trust; absent with a public one. */
  readonly caCertificate: pulumi.Output<string> | undefined;

  constructor(name: string, args: EdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Edge.__pulumiType, name, {}, opts);
    const certificate = createCertificate(name, args, this);
    this.running = createProxy(name, args, certificate, this);
    this.url = `https://${args.domain}${args.httpsPort === 443 ? "" : `:${String(args.httpsPort)}`}`;
    this.caCertificate = certificate.caCertificate;
    this.registerOutputs({ url: this.url });
  }
}

function createCertificate(name: string, args: EdgeArgs, parent: Edge): Certificate {
  const { domain, tls } = args;
  const uploaded = { certificateFile: filePath("tls.crt"), certificateKeyFile: filePath("tls.key") };
  if (tls.mode === "files") {
    return { ...uploaded, secrets: { "tls.crt": tls.certificate, "tls.key": tls.privateKey } };
  }
  if (tls.mode === "private-ca") {
    const ca = new PrivateCa(`${name}-ca`, { domain, organization: tls.organization }, { parent });
    const secrets = { "tls.crt": ca.certificate, "tls.key": ca.privateKey };
    return { ...uploaded, secrets, caCertificate: ca.caCertificate };
  }
  const acme = new AcmeClient(`${name}-acme`, { ...args, ...tls }, { parent });
  return {
    certificateFile: acme.certificateFile,
    certificateKeyFile: acme.certificateKeyFile,
    secrets: {},
    acme,
  };
}

function createProxy(name: string, args: EdgeArgs, certificate: Certificate, parent: Edge): RunningWorkload {
  const { acme } = certificate;
  const config = renderNginxConfig({
    ...args,
    ports,
    apiAddresses: args.api.addresses("http"),
    gatewayAddresses: args.gateway.addresses("http"),
    publicHttpsPort: args.httpsPort,
    certificateFile: certificate.certificateFile,
    certificateKeyFile: certificate.certificateKeyFile,
    gatewayKeyFile: filePath("gateway-key.conf"),
    ...(acme ? { acmeFolder: acme.challengeFolder } : {}),
  });
  return args.runtime.run(
    name,
    {
      image: args.images.nginx,
      entrypoint: ["nginx"],
      args: ["-e", "/dev/stderr", "-c", filePath("nginx.conf"), "-g", "daemon off;"],
      config: { "nginx.conf": config },
      secrets: {
        ...certificate.secrets,
        "gateway-key.conf": pulumi.interpolate`proxy_set_header Authorization "Bearer ${args.gatewayKey}";\n`,
      },
      ports: {
        http: { port: ports.http, exposure: "public", hostPort: args.httpPort },
        https: { port: ports.https, exposure: "public", hostPort: args.httpsPort },
        status: { port: ports.status, exposure: "edge" },
      },
      volumes: acme ? [...acme.volumes] : [],
      health: { command: ["nginx", "-t", "-q", "-e", "/dev/stderr", "-c", filePath("nginx.conf")], startSeconds: 20 },
      user: "101:101",
      cpus: 1,
      memoryMiB: 256,
      replicas: [{ host: args.host }],
      after: [args.api, args.gateway, ...(acme ? [acme.running] : [])],
      metrics: { port: "status", path: "/status" },
    },
    parent,
  );
}
