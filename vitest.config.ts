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

/** What all configurations have. */
export const common = {
  // To end what hangs; on a busy machine a test may take several times as long as on an idle one.
  testTimeout: 180_000,
  hookTimeout: 300_000,
  execArgv: needsFlag ? ["--experimental-wasm-relaxed-simd"] : [],
};

/** Those that start processes or threads and wait for them, or look at a clock: each has the machine to itself. */
const ALONE = [
  "test/{mpi,faults,fuzz,worker}/**/*.test.ts",
  "test/cli/sweep/*.test.ts",
  "test/tasks/forecast/memory.test.ts",
  "test/train/{checkpoint,lost-thread,threads,waiting}.test.ts",
  "test/web/*.test.ts",
];

// npm run test:runtimes, npm run test:web
const ELSEWHERE = ["test/{runtimes,bundlers,package}/**", "test/web/e2e/**"];

// biome-ignore lint/style/noDefaultExport: Vitest reads the default export
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: "side by side",
          include: ["test/**/*.test.ts"],
          exclude: [...ELSEWHERE, ...ALONE],
          maxWorkers: "100%",
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "alone",
          include: ALONE,
          exclude: ELSEWHERE,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
