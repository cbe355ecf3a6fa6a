import { defineConfig } from "vitest/config";

// Vitest's reporter groups failures with Map.groupBy, which Node 20 does not have yet.
Map.groupBy ??= <K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> => {
  const groups = new Map<K, T[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
};

// Node 20 has relaxed SIMD behind a flag, later releases have it without and refuse the flag.
const needsFlag = Number(process.versions.node.split(".")[0]) < 21;

// biome-ignore lint/style/noDefaultExport: Vitest reads the default export
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // npm run test:runtimes, npm run test:web
    exclude: ["test/{runtimes,bundlers,package}/**", "test/web/e2e/**"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    execArgv: needsFlag ? ["--experimental-wasm-relaxed-simd"] : [],
  },
});
