/** Names of the networks a stack owns. */
export type NetworkName = "backend" | "edge" | "outside";

/** Dynamic addresses of the edge network stay in its first 16, fixed ones start behind them. */
const fixedAddressStart = 16;
const addressesPerWorkload = 16;

/** A subnet the edge network can use: the first three parts decide, so that addresses can be counted. */
export const edgeSubnetPattern = /^(10|172|192)\.\d{1,3}\.\d{1,3}\.0\/24$/;

/** Range the engine picks addresses from by itself. */
export function dynamicRange(edgeSubnet: string): string {
  return edgeSubnet.replace(/\/24$/, "/28");
}

/**
 * Fixed address of a copy on the edge network. nginx resolves its upstreams once, at start, so a replaced container
 * must come back under the address it had.
 * @param block order of the workload among those with an edge port
 * @param index of the copy, from 0
 */
export function edgeAddress(edgeSubnet: string, block: number, index: number): string {
  const last = fixedAddressStart + block * addressesPerWorkload + index;
  if (index >= addressesPerWorkload || last > 254) {
    throw new Error(
      `the edge network ${edgeSubnet} has room for ${String(addressesPerWorkload)} copies of 14 workloads; copy ${String(index + 1)} of workload ${String(block + 1)} does not fit`,
    );
  }
  return edgeSubnet.replace(/\.0\/24$/, `.${String(last)}`);
}
