/** Failures of the CLI whose own words leave the reader alone, and what to do about them. */
const hints: readonly { readonly pattern: RegExp; readonly hint: (stack: string) => string }[] = [
  {
    pattern: /incorrect passphrase/i,
    hint: (stack) =>
      `The passphrase does not open the stack ${stack}. It comes from PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE or .state/passphrase, in this order: unset the wrong one or put the right one back.`,
  },
  {
    pattern: /passphrase must be set/i,
    hint: () => "Your own backend needs its passphrase: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.",
  },
  {
    pattern: /port is already allocated|address already in use/i,
    hint: (stack) =>
      `A port of the edge is taken. Set \`edge.httpPort\` and \`edge.httpsPort\` in Pulumi.${stack}.yaml to free ones.`,
  },
  {
    pattern: /pool overlaps|invalid pool request/i,
    hint: (stack) =>
      `The subnet of the edge network is taken. Set \`edge.subnet\` in Pulumi.${stack}.yaml to a free private /24.`,
  },
  {
    pattern: /Range of CPUs is from/,
    hint: (stack) =>
      `A CPU limit is above what a host has. Set \`hosts.<name>.cpus\` in Pulumi.${stack}.yaml to its number of CPUs.`,
  },
  {
    pattern: /currently locked|pending operations|is already in use by container/i,
    hint: (stack) => `An earlier run was cut off. Clean up with: npm run recover -- ${stack}`,
  },
  {
    pattern: /failed to be in healthy state/i,
    hint: () => "A container started but never became healthy; its last words are above or in: docker logs <name>",
  },
  {
    pattern: /marked for protection/i,
    hint: (stack) =>
      `Volumes with data are protected. Set \`data.protect: false\` in Pulumi.${stack}.yaml and run up before destroy.`,
  },
];

/** What to do about a failed run, from its output. */
export function findHints(output: string, stack: string): string[] {
  return hints.filter(({ pattern }) => pattern.test(output)).map(({ hint }) => hint(stack));
}
