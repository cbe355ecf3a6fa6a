import { defineConfig } from "vitest/config";
import { common } from "../../vitest.config.ts";

// biome-ignore lint/style/noDefaultExport: Vitest reads the default export
export default defineConfig({
  test: {
    ...common,
    include: ["test/{runtimes,bundlers,package}/*.test.ts"],
    globalSetup: "test/runtimes/setup.ts",
    // One at a time: each is timed, or waits for a browser that wants the machine.
    fileParallelism: false,
    // An emulated processor takes a minute and a half.
    testTimeout: 600_000,
  },
});
