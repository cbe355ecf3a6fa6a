/** The forecaster: no look-ahead, horizons that are right, the same bits everywhere, files, and data that do not fit. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Series, type SeriesSet, seriesFromRows } from "../../../src/data/index.ts";
import { createRuntime, type Runtime } from "../../../src/node.ts";
import {
  type ForecasterOptions,
  type ForecastReport,
  forecaster,
  loadForecaster,
} from "../../../src/tasks/index.ts";
import { spawn } from "../../worker/spawned.ts";

let kit: Runtime;
beforeAll(async () => {
  kit = await createRuntime();
});
afterAll(() => kit.close());

const DAY = 86_400_000;

/** Days with a week in them and some noise, the same at every call. */
function days(rows: number, level = 100, from = "2022-01-03"): SeriesSet {
  let state = 7;
  const noise = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const start = Date.parse(from);
  return seriesFromRows(
    Array.from({ length: rows }, (_, i) => ({
      date: new Date(start + i * DAY).toISOString().slice(0, 10),
      y: level + 20 * [0, 1, 2, 1, 0, 4, 5][i % 7]! + 0.05 * i + 6 * noise(),
    })),
    { target: "y", time: "date" },
  );
}

/** Numbered rows. */
const numbered = (values: readonly number[]): SeriesSet => {
  const column = Float64Array.from(values);
  const series: Series = {
    id: "",
    length: column.length,
    rows: column.length,
    times: null,
    columns: { y: column },
  };
  return { series: [series], frequency: null, timeZone: null, findings: [] };
};

const SMALL: ForecasterOptions = { horizon: 7, units: 4, epochs: 2, seed: 1, window: 14 };

async function fitted(set: SeriesSet, options: Partial<ForecasterOptions> = {}, on = kit) {
  const made = forecaster(on, { ...SMALL, ...options });
  await made.fit(set);
  return made;
}

/** The set with a value of its target changed. */
function changed(set: SeriesSet, row: number, value: number): SeriesSet {
  return {
    ...set,
    series: set.series.map((series) => {
      const y = series.columns.y!.slice();
      y[row] = value;
      return { ...series, columns: { ...series.columns, y } };
    }),
  };
}

/** All that was learnt or chosen before the test part is looked at. */
const learnt = ({
  normalization,
  candidates,
  digest,
  validation,
  seasons,
  window,
  history,
  best,
  columns,
  network,
}: ForecastReport) => ({
  ...{ normalization, candidates, digest, validation, seasons, window, history, best, columns, network },
});

describe("nothing looks ahead", () => {
  test("what is at or behind the origin changes no forecast", async () => {
    const set = days(300);
    const made = await fitted(set);
    for (const origin of [260, 293, 150]) {
      const wanted = await made.predict(set, { origin });
      for (const row of [origin, origin + 3, 299]) {
        expect(await made.predict(changed(set, row, 1e6), { origin }), `row ${row}`).toEqual(wanted);
      }
      const before = await made.predict(changed(set, origin - 1, 1e3), { origin });
      expect(before.series[0]!.rows[0]!.value).not.toBe(wanted.series[0]!.rows[0]!.value);
    }
    const cut = { ...set, series: set.series.map((one) => ({ ...one, length: 260 })) };
    expect((await made.predict(cut)).series).toEqual((await made.predict(set, { origin: 260 })).series);
    await made.dispose();
  });

  test("the test part changes no scaler, no choice and no weight; the validation part no scaler and no baseline of training", async () => {
    const set = days(300);
    const made = await fitted(set);
    for (const row of [240, 299]) {
      const other = await fitted(changed(set, row, 1e5));
      expect(learnt(other.report!)).toEqual(learnt(made.report!));
      await other.dispose();
    }
    // The same window of the past says the same, by the same scales, whatever stands in the validation part.
    const fixed = { normalization: "last" as const, epochs: 1, patience: 5 };
    const [a, b] = [await fitted(set, fixed), await fitted(changed(set, 220, 1e5), fixed)];
    expect(b.report!.digest).toBe(a.report!.digest);
    const said = async (of: typeof a) =>
      (await of.predict(set, { origin: 180 })).series[0]!.rows.map(({ value }) => value);
    expect(await said(b)).toEqual(await said(a));
    for (const one of [made, a, b]) await one.dispose();
  });

  test("an early origin has intervals of what was known by then alone", async () => {
    const set = days(300);
    const [made, other] = [await fitted(set), await fitted(changed(set, 295, 1e5))];
    for (const origin of [150, 215, 222]) {
      expect(await other.predict(set, { origin }), `origin ${origin}`).toEqual(
        await made.predict(set, { origin }),
      );
    }
    // No row behind those of training was known, so there is nothing to make them of.
    const early = await made.predict(set, { origin: 150 });
    expect(early.series[0]!.rows[0]!.intervals).toEqual([]);
    expect(early.findings.map(({ code }) => code)).toContain("NO_INTERVALS");
    for (const one of [made, other]) await one.dispose();
  });

  test("a backtest of a series that is new is scaled by the rows before its first origin", async () => {
    const made = await fitted(days(300), { normalization: "none" });
    const stranger = (set: SeriesSet) => ({
      ...set,
      series: set.series.map((one) => ({ ...one, id: "new" })),
    });
    const set = stranger(days(200, 500));
    const whole = await made.evaluate(set, { cuts: 2, stride: 20 });
    expect(whole.cuts).toBe(2);
    const last = await made.evaluate(changed(set, 199, 1e4), { cuts: 2, stride: 20 });
    // The last row is the seventh step of the second origin alone: no scale moves, so no other step does.
    expect(last.steps.slice(0, 6).map(({ scores }) => scores)).toEqual(
      whole.steps.slice(0, 6).map(({ scores }) => scores),
    );
    expect(last.steps[6]!.scores).not.toEqual(whole.steps[6]!.scores);
    await made.dispose();
  });
});

describe("intervals of few errors", () => {
  test("it is said where there are fewer than a level needs, and not where there are enough", async () => {
    const codesOf = async (rows: number) => {
      const values = Array.from({ length: rows }, (_, i) => Math.sin(i) + i / 50);
      const made = await fitted(numbered(values), { horizon: 2, window: 4 });
      return made.report!.findings.filter(({ code }) => code === "FEW_ERRORS");
    };
    const [few] = await codesOf(100);
    expect(few!.message).toMatch(/^Intervals of 95 % are made of 29 errors .* 2 steps ahead they need 49\./);
    expect(await codesOf(300)).toEqual([]);
  });
});

describe("horizons", () => {
  test("a series that counts 1, 2, 3 goes on with the number behind the last", async () => {
    const made = await fitted(numbered(Array.from({ length: 200 }, (_, i) => i + 1)), {
      horizon: 5,
      window: 10,
    });
    for (const model of ["ridge", "drift"] as const) {
      const { series } = await made.predict(undefined, { model });
      expect(series[0]!.rows.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
      for (const [i, { value }] of series[0]!.rows.entries()) expect(value).toBeCloseTo(201 + i, 1);
    }
    const last = await made.predict(undefined, { model: "last" });
    expect(last.series[0]!.rows.map(({ value }) => value)).toEqual([200, 200, 200, 200, 200]);
    await made.dispose();
  });

  test("a season comes round at its place, over more than one round too", async () => {
    const values = Array.from({ length: 400 }, (_, i) => [1, 5, 2, 9][i % 4]!);
    const made = await fitted(numbered(values), { horizon: 6, window: 12, season: 4 });
    const { series } = await made.predict(undefined, { model: "seasonal" });
    expect(series[0]!.rows.map(({ value }) => Math.round(value))).toEqual([1, 5, 2, 9, 1, 5]);
    await made.dispose();
  });

  test("times go on behind the last row; a shorter horizon is the beginning of the longer", async () => {
    const set = days(300);
    const made = await fitted(set);
    const whole = await made.predict(set);
    const end = set.series[0]!.times![299]!;
    expect(whole.series[0]!.rows.map(({ time }) => time)).toEqual(
      Array.from({ length: 7 }, (_, i) => end + (i + 1) * DAY),
    );
    const some = await made.predict(set, { horizon: 3 });
    expect(some.series[0]!.rows).toEqual(whole.series[0]!.rows.slice(0, 3));
    await expect(made.predict(set, { horizon: 8 })).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
    await made.dispose();
  });
});

test("the same bits with threads, in a worker, and from a file; the file opens as a plain model", async () => {
  const set = days(300);
  const made = await fitted(set);
  const wanted = [made.report, await made.predict(), await made.predict(set), await made.evaluate(set)];
  for (const other of [await createRuntime({ threads: 3 }), await spawn({ threads: 2 })]) {
    const again = await fitted(set, {}, other);
    expect([
      again.report,
      await again.predict(),
      await again.predict(set),
      await again.evaluate(set),
    ]).toEqual(wanted);
    const loaded = await loadForecaster(other, await made.save());
    expect([
      loaded.report,
      await loaded.predict(),
      await loaded.predict(set),
      await loaded.evaluate(set),
    ]).toEqual(wanted);
    await other.close();
  }
  const plain = await kit.load(await made.save());
  expect(await plain.digest()).toBe(made.report!.digest);
  await expect(loadForecaster(kit, await (await kit.sequential(plain.layers)).save())).rejects.toMatchObject({
    code: "BAD_MODEL_FILE",
  });
  await made.dispose();
});

test("intervals hold what they say, the wider the surer, and are made of what was known", async () => {
  const set = days(900);
  const made = await fitted(set, { epochs: 4, calibration: 200 });
  const { test: tested } = made.report!;
  const [some, most] = tested!.intervals;
  expect(some!.coverage).toBeGreaterThan(0.7);
  expect(some!.coverage).toBeLessThan(0.9);
  expect(most!.coverage).toBeGreaterThan(0.88);
  expect(most!.width).toBeGreaterThan(some!.width);
  for (const { value, intervals } of (await made.predict(set)).series[0]!.rows) {
    const [a, b] = intervals;
    expect(b!.lower).toBeLessThanOrEqual(a!.lower);
    expect(a!.lower).toBeLessThan(value);
    expect(value).toBeLessThan(a!.upper);
    expect(a!.upper).toBeLessThanOrEqual(b!.upper);
  }
  await made.dispose();
});

test("quantiles, two targets, several series of other lengths, and one that is new", async () => {
  const a = days(400).series[0]!;
  const b = days(330, 1000, "2022-03-14").series[0]!;
  const two = (one: Series, id: string): Series => ({
    ...{ ...one, id },
    columns: { y: one.columns.y!, z: one.columns.y!.map((value) => value / 2) },
  });
  const set: SeriesSet = {
    series: [two(a, "a"), two(b, "b")],
    frequency: { unit: "day", every: 1 },
    timeZone: null,
    findings: [],
  };
  const made = forecaster(kit, { ...SMALL, target: ["y", "z"], quantiles: [0.1, 0.9] });
  const report = await made.fit(set);
  expect(report.network.loss).toBe("quantile");
  const said = await made.predict(set);
  expect(said.series.map(({ id, rows }) => [id, rows.length])).toEqual([
    ["a", 14],
    ["b", 14],
  ]);
  expect(said.series[0]!.rows.slice(0, 2).map(({ target }) => target)).toEqual(["y", "z"]);
  const stranger = await made.predict({ ...set, series: [two(days(200, 50).series[0]!, "c")] });
  expect(stranger.findings.map(({ code }) => code)).toContain("NEW_SERIES");
  const loaded = await loadForecaster(kit, await made.save());
  expect(await loaded.predict(set)).toEqual(said);
  await loaded.dispose();
  await made.dispose();
});

describe("data that do not fit are refused with what is wanted", () => {
  test("too few rows to train on, or to forecast from", async () => {
    const short = forecaster(kit, SMALL);
    await expect(short.fit(days(30))).rejects.toMatchObject({ code: "BAD_SERIES" });
    await expect(short.fit(days(30))).rejects.toThrow(/30 rows.*wanted \d+ of these at least/);
    await expect(short.predict()).rejects.toMatchObject({ code: "NOT_FITTED" });
    const made = await fitted(days(300));
    await expect(made.predict(days(10))).rejects.toThrow(/10 rows before the forecast begins; wanted/);
    await expect(
      made.evaluate({ ...days(300), series: [{ ...days(300).series[0]!, length: 200 }] }),
    ).rejects.toMatchObject({ code: "BAD_SERIES" });
    await made.dispose();
  });

  test("other columns, another frequency, known columns that end early", async () => {
    const made = await fitted(days(300));
    const other = days(300).series[0]!;
    await expect(
      made.predict({ ...days(300), series: [{ ...other, columns: { z: other.columns.y! } }] }),
    ).rejects.toThrow(/no column "y"/);
    await expect(made.predict({ ...days(300), frequency: { unit: "hour", every: 1 } })).rejects.toThrow(
      /rows of 1 hour; .* 1 day/,
    );
    await made.dispose();
    const price = Float64Array.from({ length: 300 }, (_, i) => i % 5);
    const withPrice = { ...days(300), series: [{ ...other, columns: { ...other.columns, price } }] };
    const known = await fitted(withPrice, { known: "price", target: "y" });
    await expect(known.predict(withPrice)).rejects.toThrow(
      /"price" for 0 rows behind its last target; wanted 7/,
    );
    await known.dispose();
  });

  test("an abort leaves what was learnt before", async () => {
    const made = await fitted(days(300));
    const before = await made.predict();
    const stop = new AbortController();
    const again = made.fit(days(320), { signal: stop.signal, onEpochEnd: () => stop.abort() });
    await expect(again).rejects.toMatchObject({ code: "ABORTED" });
    expect(await made.predict()).toEqual(before);
    await made.dispose();
    await expect(made.predict()).rejects.toMatchObject({ code: "DISPOSED" });
  });
});
