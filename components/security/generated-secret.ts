import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** Arguments of {@link GeneratedSecret}. */
export interface GeneratedSecretArgs {
  /** Put before the random part, for programs that want one. @default "" */
  readonly prefix?: string;
  /** Characters of the random part, letters and digits: 62 to the power of it. @default 40 */
  readonly length?: number;
  /** Another value makes a new secret. @default "1" */
  readonly version?: string;
}

/** A secret the platform makes for itself and that nobody types. Safe in URLs and in shells: letters and digits only. */
export class GeneratedSecret extends pulumi.ComponentResource {
  static readonly __pulumiType = "aiplatform:security:GeneratedSecret";
  readonly value: pulumi.Output<string>;

  constructor(name: string, args: GeneratedSecretArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    super(GeneratedSecret.__pulumiType, name, {}, opts);
    const password = new random.RandomPassword(
      `${name}-value`,
      { length: args.length ?? 40, special: false, keepers: { version: args.version ?? "1" } },
      { parent: this },
    );
    this.value = pulumi.secret(pulumi.interpolate`${args.prefix ?? ""}${password.result}`);
    this.registerOutputs({ value: this.value });
  }
}
