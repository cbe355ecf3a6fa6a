/**
 * Memory and time that a long series takes: a forecaster and a detector of so many minutes, with what they do untuned. Memory is
 * the process's at its largest, less what it was before with the data in it.
 *
 *   npm run build && npx tsx bench/memory.ts [--rows 1000000] [--horizon 60] [--threads 1] [--task forecast|detect]
 */
import { parseArgs } from "node:util";
import type { SeriesSet } from "../src/data/index.ts";
import { createRuntime } from "../src/node.ts";
import { detector, forecaster } from "../src/tasks/index.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    horizon: { type: "string", default: "60" },
    threads: { type: "string", default: "1" },
    task: { type: "string", default: "forecast" },
  },
});
const rows = Number(values.rows);

/** Minutes with a day and a week in them, and noise. */
function minutes(): SeriesSet {
  let state = 7;
  const noise = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const y = Float64Array.from({ length: rows }, (_, i) => {
    const isWeekend = Math.floor(i / 1440) % 7 > 4;
    return 50 + (isWeekend ? 5 : 10) * Math.sin((i % 1440) * (Math.PI / 720)) + 3 * noise();
  });
  const start = Date.UTC(2020, 0, 6);
  const times = Float64Array.from({ length: rows }, (_, i) => start + i * 60_000);
  return {
    series: [{ id: "", length: rows, rows, times, columns: { y } }],
    frequency: { unit: "minute", every: 1 },
    timeZone: null,
    findings: [],
  };
}

const kit = await createRuntime({ threads: Number(values.threads), vectors: 256 });
const set = minutes();
const MiB = 2 ** 20;
const before = process.memoryUsage().rss / MiB;
const began = performance.now();
const seconds = () => ((performance.now() - began) / 1000).toFixed(0);
const cpu = process.cpuUsage();
const onEpochEnd = (progress: { epoch: number; valLoss: number; stage?: string }) =>
  console.error(
    `${progress.stage ?? "train"}, epoch ${progress.epoch + 1}: ${progress.valLoss.toFixed(4)}, ${seconds()} s, ${(process.memoryUsage().rss / MiB).toFixed(0)} MiB`,
  );
let what: string;
if (values.task === "detect") {
  const made = detector(kit, { seed: 1 });
  const { errors, history } = await made.fit(set, { onEpochEnd });
  what = `MAE ${errors.network.toFixed(3)} (last ${errors.last.toFixed(3)}), ${history.loss.length} epochs`;
} else {
  const made = forecaster(kit, { horizon: Number(values.horizon), seed: 1 });
  const { test, normalization, parts, window, findings, history, network } = await made.fit(set, {
    onEpochEnd,
  });
  what = `window ${window}, ${parts.train.windows} windows, ${JSON.stringify(normalization)}, share ${network.share}, MSE ${test!.network.mse.toFixed(4)}, ${history.loss.length} epochs; ${findings.map(({ message }) => message).join(" ")}`;
}
const peak = process.resourceUsage().maxRSS / 1024;
const { memoryBytes } = await kit.info();
const { user, system } = process.cpuUsage(cpu);
const spent = user + system;
console.log(
  `${values.task}, ${rows} rows: ${seconds()} s, of the processor ${(spent / 1e6).toFixed(0)}; ${before.toFixed(0)} MiB before, ${(peak - before).toFixed(0)} MiB more at the most, ` +
    `of which ${(memoryBytes / MiB).toFixed(0)} MiB are the kernels'; ${what}`,
);
await kit.close();
