import { defineConfig } from "vitest/config";
import { common } from "../../../vitest.config.ts";

// biome-ignore lint/style/noDefaultExport: Vitest reads the default export
export default defineConfig({
  test: {
    ...common,
    include: ["test/web/e2e/*.test.ts"],
    globalSetup: "test/web/e2e/browsers.ts",
    // One at a time: a page that trains wants the machine.
    fileParallelism: false,
    expect: { poll: { timeout: 15_000 } },
  },
});
