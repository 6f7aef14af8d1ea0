import type * as pulumi from "@pulumi/pulumi";
import * as z from "zod";

/**
 * What other teams read from a stack of this program: the contract, version 1.
 * Addresses, names and public certificates, never a secret. A field is never renamed or dropped within a version.
 */
export const platformOutputsSchema = z.strictObject({
  contractVersion: z.literal(1),
  /** Name of the stack. */
  environment: z.string(),
  /** Base address of the API and the web page. */
  url: z.url(),
  /** Base address for OpenAI clients; the key is a key of the platform. */
  openaiBaseUrl: z.url(),
  /** OpenAPI documentation. */
  docsUrl: z.url(),
  /** Address the name in `url` must lead to. */
  edgeAddress: z.string(),
  /** Lines for a hosts file where the DNS does not know the name. */
  hostsFile: z.string(),
  /** PEM of the private authority to trust; empty where a public authority signed. */
  caCertificate: z.string(),
  /** Names to send as `model`. */
  modelRoles: z.array(z.string()),
  embeddingModel: z.string(),
  embeddingDimensions: z.int(),
});

/** The outputs as a consumer has them. */
export type PlatformOutputs = z.output<typeof platformOutputsSchema>;

/** The outputs as the program has them. */
export type PlatformExports = { readonly [Key in keyof PlatformOutputs]: pulumi.Input<PlatformOutputs[Key]> };

/** The part of a `pulumi.StackReference` that {@link readPlatform} needs. */
export interface OutputReader {
  requireOutput(name: string): pulumi.Output<unknown>;
}

/**
 * Reads the contract through a stack reference, checked and typed.
 * @param all `pulumi.all` of the consumer's own SDK
 * @throws where the stack exports another version or a field is missing
 */
export function readPlatform(
  stack: OutputReader,
  all: (values: Record<string, pulumi.Output<unknown>>) => pulumi.Output<Record<string, unknown>>,
): pulumi.Output<PlatformOutputs> {
  const names = Object.keys(platformOutputsSchema.shape);
  const values = Object.fromEntries(names.map((name) => [name, stack.requireOutput(name)]));
  return all(values).apply((outputs) => platformOutputsSchema.parse(outputs));
}
