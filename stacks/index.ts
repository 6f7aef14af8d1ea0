import { readConfig } from "./config.ts";
import { buildPlatform } from "./platform.ts";

/** The stack's outputs; see `outputs.ts` for what they promise. */
export default buildPlatform(readConfig()).exports;
