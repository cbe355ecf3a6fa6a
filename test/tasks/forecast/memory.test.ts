/** A long series takes memory by its rows, and not by its windows. The same with a million rows: bench/memory.ts. */
import { expect, test } from "vitest";
import type { SeriesSet } from "../../../src/data/index.ts";
import { createRuntime } from "../../../src/node.ts";
import { forecaster } from "../../../src/tasks/index.ts";

const ROWS = 200_000;
const WINDOW = 120;

function minutes(rows: number): SeriesSet {
  const start = Date.UTC(2020, 0, 6);
  return {
    series: [
      {
        ...{ id: "", length: rows, rows },
        times: Float64Array.from({ length: rows }, (_, i) => start + i * 60_000),
        columns: {
          y: Float64Array.from(
            { length: rows },
            (_, i) => 50 + ((i % 1440) - 720) / 100 + ((i * 7919) % 101) / 50,
          ),
        },
      },
    ],
    frequency: { unit: "minute", every: 1 },
    timeZone: null,
    findings: [],
  };
}

test("200,000 rows train and backtest in less than a tenth of what copies of their windows would take", async () => {
  const kit = await createRuntime();
  const set = minutes(ROWS);
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const look = () => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  const looking = setInterval(look, 5); // fit gives way every 10 ms
  const made = forecaster(kit, {
    ...{ horizon: 12, window: WINDOW, units: 2, epochs: 1, seed: 1, test: 1000 },
    normalization: { center: "last", linear: true },
  });
  const report = await made.fit(set, { onBatchEnd: look });
  const { cuts } = await made.evaluate(set, { stride: 900, cuts: 8 });
  clearInterval(looking);
  const { memoryBytes } = await kit.info();
  expect(cuts).toBe(8);
  expect(report.parts.train).toMatchObject({ rows: 179_000 });
  expect(report.parts.train.windows).toBeGreaterThan(30_000);
  const [sampled] = report.findings.filter(({ code }) => code === "SAMPLED");
  expect(sampled!.count).toBeLessThan(20_000);
  const columns = 1 + 4 + 7; // the target, and hours and weekdays of the calendar
  const copies = 179_000 * WINDOW * columns * 4;
  expect(most).toBeGreaterThan(ROWS * 8);
  expect(most + memoryBytes).toBeLessThan(copies / 10);
  await kit.close();
}, 240_000);
