import { appendFileSync } from "node:fs";
import { defineConfig, mergeConfig } from "vitest/config";
import base from "../vitest.config.ts";
import { mutations } from "./mutations.ts";

const mutation = mutations[Number(process.env.MUTATION)];

/** The ordinary test configuration, with one mutation put in while the file is loaded: the checkout stays as it is. */
export default mergeConfig(
  base,
  defineConfig({
    plugins: [
      {
        name: "mutation",
        enforce: "pre",
        transform(code, id) {
          if (!mutation || !id.endsWith(`/${mutation.file}`)) return undefined;
          appendFileSync(process.env.MUTATION_MARK ?? "", `${id}\n`);
          return code.replace(mutation.code, mutation.instead);
        },
      },
    ],
    // A cached module would be the one of another mutation.
    test: { bail: 1, fsModuleCache: false, setupFiles: ["test/mutation/setup.ts"] },
  }),
);
