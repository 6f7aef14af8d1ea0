/** Name of everything one stack owns on an engine: `<project>-<stack>`. */
export function stackPrefix(project: string, stack: string): string {
  return `${project}-${stack}`;
}

/** Labels every container, network and volume carries; `recover` finds lost ones by them. */
export function resourceLabels(prefix: string, component: string): Record<string, string> {
  return { "ai-platform.stack": prefix, "ai-platform.component": component };
}

/** DNS label of RFC 1123, as host names, container names and Kubernetes object names allow it. */
export const dnsLabel = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
