/** Lines for a hosts file, for machines whose DNS does not know the platform's names yet. */
export function renderHostsFile(names: readonly string[], address: string): string {
  return names.map((name) => `${address} ${name}\n`).join("");
}
