import { defineConfig } from "vitest/config";

/** The end-to-end run: steps in order, each on what the one before left, so the first failure ends it. */
export default defineConfig({
  test: {
    include: ["test/e2e/**/*.e2e.ts"],
    bail: 1,
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 600_000,
  },
});
