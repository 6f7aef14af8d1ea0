import { generateKeyPairSync, randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/** A resource the program asked for, with plain inputs; secret values are replaced by {@link secretMark}. */
export interface RecordedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  /** URN; absent at the top. */
  readonly parent: string | undefined;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** URNs. */
  readonly dependencies: readonly string[];
  readonly protect: boolean;
}

/** Stands for a secret in recorded inputs. */
export const secretMark = "[secret]";

const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const signatureKey = "4dabf18193072939515e22adb298388d";

/** The part of a registration that the mocks do not hand over. */
interface Registration {
  getType(): string;
  getName(): string;
  getParent(): string;
  getDependenciesList(): string[];
  getProtect(): boolean;
}

interface OutputsRegistration {
  getUrn(): string;
  getOutputs(): { toJavaScript(): object } | undefined;
}

interface Monitor {
  registerResource(request: Registration, callback: unknown): Promise<void>;
  registerResourceOutputs(request: OutputsRegistration, callback: unknown): void;
}

/**
 * Runs programs under Pulumi's own test runtime: resources are recorded, none is made, and no engine is needed.
 * One recorder at a time, since the runtime keeps its monitor globally.
 */
export class ProgramRecorder {
  readonly resources: RecordedResource[] = [];
  /** URNs of the components that registered outputs with names. */
  readonly finished = new Set<string>();
  private readonly registrations = new Map<string, Registration>();

  /** Takes over Pulumi's runtime for the given stack. */
  async install(project: string, stack: string): Promise<void> {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs, custom }: pulumi.runtime.MockResourceArgs) => {
          const values = inputs as Record<string, unknown>;
          this.record(type, name, custom ?? false, values);
          return { id: `${name}-id`, state: { ...values, ...computedState(type, values) } };
        },
        call: ({ inputs }) => inputs as Record<string, unknown>,
      },
      project,
      stack,
      false,
    );
    const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) => {
      this.registrations.set(`${request.getType()}::${request.getName()}`, request);
      return register(request, callback);
    };
    const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
    monitor.registerResourceOutputs = (request, callback) => {
      if (Object.keys(request.getOutputs()?.toJavaScript() ?? {}).length > 0) this.finished.add(request.getUrn());
      registerOutputs(request, callback);
    };
  }

  /** Waits until every resource is registered. */
  async settled(): Promise<void> {
    // The SDK hides this function from its types; `disconnect`, which calls it, would end the test runtime.
    const runtime = pulumi.runtime as unknown as { waitForRPCs(): Promise<void> };
    await runtime.waitForRPCs();
  }

  private record(type: string, name: string, custom: boolean, inputs: Record<string, unknown>): void {
    const request = this.registrations.get(`${type}::${name}`);
    const parent = request?.getParent();
    this.resources.push({
      urn: urnOf(parent, type, name),
      type,
      name,
      custom,
      parent: parent === "" ? undefined : parent,
      inputs: reveal(inputs) as Record<string, unknown>,
      dependencies: request?.getDependenciesList() ?? [],
      protect: request?.getProtect() ?? false,
    });
  }
}

/** As the mock monitor builds it. */
function urnOf(parent: string | undefined, type: string, name: string): string {
  const parentType = parent ? `${parent.split("::")[2] ?? ""}$` : "";
  return `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${parentType}${type}::${name}`;
}

/** What a provider would compute, as far as the program looks at it. */
function computedState(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (type) {
    case "docker:index/remoteImage:RemoteImage":
      return { imageId: String(inputs.name), repoDigest: String(inputs.name) };
    case "docker:index/image:Image":
      return { baseImageName: inputs.imageName, repoDigest: inputs.imageName };
    case "random:index/randomPassword:RandomPassword":
      return { result: `mock-${randomBytes(16).toString("hex")}` };
    case "tls:index/privateKey:PrivateKey":
      return { privateKeyPem: newKey(), privateKeyPemPkcs8: newKey() };
    case "tls:index/selfSignedCert:SelfSignedCert":
    case "tls:index/locallySignedCert:LocallySignedCert":
      return { certPem: "certificate" };
    case "tls:index/certRequest:CertRequest":
      return { certRequestPem: "request" };
    default:
      return {};
  }
}

function newKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
}

function reveal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reveal);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Record<string, unknown>;
  if (record[signatureKey] === secretSignature) return secretMark;
  return Object.fromEntries(Object.entries(record).map(([key, inner]) => [key, reveal(inner)]));
}
