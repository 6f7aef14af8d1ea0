import type { Images } from "../images.ts";
import type { Runtime } from "../runtime/workload.ts";

/** What every stateful component takes. */
export interface DataStoreArgs {
  readonly runtime: Runtime;
  readonly images: Images;
  /** Host the data lives on. Plain: moving it means moving the data. */
  readonly host: string;
  /** Memory limit in MiB. @default each store's own, in its class documentation */
  readonly memoryMiB?: number;
  /** CPUs it may use. @default 1 */
  readonly cpus?: number;
}
