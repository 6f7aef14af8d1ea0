import * as pulumi from "@pulumi/pulumi";
import type { Images } from "../images.ts";
import { filePath, type RunningWorkload, type Runtime, type WorkloadVolume } from "../runtime/workload.ts";

/** Arguments of {@link AcmeClient}. */
export interface AcmeClientArgs {
  readonly runtime: Runtime;
  readonly images: Images;
  /** Host of the reverse proxy, which shares the volumes. */
  readonly host: string;
  readonly domain: string;
  /** Gets the authority's notices about expiry. */
  readonly email: string;
  /** Directory of the authority. @default Let's Encrypt production */
  readonly directory?: string;
}

const user = "101:101";
const certificates: WorkloadVolume = { name: "acme-certificates", path: "/acme", stateful: true, giveToUser: true };
const challenges: WorkloadVolume = { name: "acme-challenges", path: "/challenges", giveToUser: true };

/** Renders the loop that asks for a certificate and renews it in its last third, a check every twelve hours. */
export function renderAcmeLoop(domain: string, email: string, directory: string): string {
  const common = `lego --accept-tos --path /acme --server ${directory} --email ${email} --domains ${domain} --http --http.webroot /challenges`;
  return `set -u
while true; do
  if [ -f /acme/certificates/${domain}.crt ]; then ${common} renew --dynamic; else ${common} run; fi
  if [ -f /acme/certificates/${domain}.crt ]; then sleep 43200; else sleep 60; fi
done
`;
}

/** Gets and renews a certificate of a public authority over HTTP-01, into a volume that the reverse proxy reads. */
export class AcmeClient extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:network:AcmeClient";
  readonly running: RunningWorkload;
  /** What the reverse proxy mounts. */
  readonly volumes: readonly WorkloadVolume[] = [
    { ...certificates, readOnly: true },
    { ...challenges, readOnly: true },
  ];
  readonly certificateFile: string;
  readonly certificateKeyFile: string;
  readonly challengeFolder = challenges.path;

  constructor(name: string, args: AcmeClientArgs, opts?: pulumi.ComponentResourceOptions) {
    super(AcmeClient.__pulumiType, name, {}, opts);
    const directory = args.directory ?? "https://acme-v02.api.letsencrypt.org/directory";
    this.running = args.runtime.run(
      name,
      {
        image: args.images.lego,
        entrypoint: ["/bin/sh", filePath("acme.sh")],
        config: { "acme.sh": renderAcmeLoop(args.domain, args.email, directory) },
        reaches: ["internet"],
        volumes: [certificates, challenges],
        // The first certificate needs the proxy, which starts later: health is that the loop lives.
        health: { command: ["/bin/sh", "-c", "kill -0 1"], startSeconds: 10 },
        user,
        cpus: 0.25,
        memoryMiB: 64,
        replicas: [{ host: args.host }],
      },
      this,
    );
    this.certificateFile = `/acme/certificates/${args.domain}.crt`;
    this.certificateKeyFile = `/acme/certificates/${args.domain}.key`;
    this.registerOutputs({ certificateFile: this.certificateFile });
  }
}
