/** A detector as its user has it: what is odd is found, everywhere the same, and a stream that is cut goes on. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SeriesSet } from "../../../src/data/series/series.ts";
import { createRuntime, type Runtime, spawnRuntime } from "../../../src/node.ts";
import { pValue, scaleAt, scalesOf } from "../../../src/tasks/detect/scales.ts";
import { batchOf, type Watched } from "../../../src/tasks/detect/windows.ts";
import { type Detector, type DetectResult, detector, loadDetector } from "../../../src/tasks/index.ts";
import { codedError } from "../../data/coded-error.ts";

const DAY = 86_400_000;
let seed = 3;
const noise = () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648 - 0.5;
};
const all = Float64Array.from(
  { length: 500 },
  (_, i) => 100 + 10 * Math.sin(i / 60) + (i % 7 > 4 ? -20 : 0) + 4 * noise(),
);
const set = (from: number, to: number, change: (values: Float64Array) => void = () => {}): SeriesSet => {
  const values = all.slice(from, to);
  change(values);
  const times = Float64Array.from({ length: to - from }, (_, i) => (19_000 + from + i) * DAY);
  const length = to - from;
  return {
    series: [{ id: "", length, rows: length, times, columns: { visits: values } }],
    frequency: { unit: "day", every: 1 },
    timeZone: null,
    findings: [],
  };
};
const past = set(0, 400);
const OPTIONS = { window: 14, units: 12, epochs: 6, seed: 1 };
const odd = set(400, 500, (values) => {
  values[30] = 160;
  values[31] = 40;
});

let kit: Runtime;
let made: Detector;
let bytes: Uint8Array<ArrayBuffer>;
let results: DetectResult[];
beforeAll(async () => {
  kit = await createRuntime();
  made = detector(kit, OPTIONS);
  await made.fit(past);
  bytes = await made.save();
  [results] = (await made.predict(odd)) as [DetectResult[]];
});
afterAll(() => kit.close());

describe("the parts", () => {
  test("windows on a series that counts: the next value is the target, the calendar is that of the next row", () => {
    const values = Float64Array.from({ length: 20 }, (_, i) => i);
    const watched: Watched = { values, calendar: [Float32Array.from(values, (v) => v * 10)], unit: 1 };
    const { x, y, means } = batchOf([watched], Int32Array.of(0, 8), 4);
    expect([...x.data]).toEqual([-1.5, 50, -0.5, 60, 0.5, 70, 1.5, 80]);
    expect(y[0]! + means[0]!).toBe(8);
  });

  test("p-values are ranks: of values as those compared with, a share p has p or less", () => {
    const calibration = Float64Array.of(1, 2, 2, 3);
    expect([0, 1, 2, 2.5, 3, 4].map((score) => pValue(calibration, score))).toEqual([
      1, 1, 0.8, 0.4, 0.4, 0.2,
    ]);
  });

  test("scales are medians by group, none below that of all", () => {
    const errors = Array.from({ length: 40 }, (_, i) => ({ error: i % 2 === 0 ? 1 : 5, group: i % 2 }));
    const scales = scalesOf(errors, 1, 1);
    expect([scaleAt(scales, 0), scaleAt(scales, 1), scaleAt(scales, 6)]).toEqual([3, 5, 3]);
    expect(scalesOf([{ error: 0, group: 0 }], 2, 1).all).toBeGreaterThan(0);
  });
});

describe("what is odd", () => {
  test("is found, and little else; alarmed values do not spoil the windows behind them", async () => {
    expect(results[30]).toMatchObject({ alarm: true, status: "scored", value: 160 });
    expect(results[31]).toMatchObject({ alarm: true });
    expect(results.filter(({ alarm }) => alarm).length).toBeLessThan(15);
    const [plain] = await made.predict(set(400, 500));
    expect(Math.abs(results[32]!.expected! - plain![32]!.expected!)).toBeLessThan(8);
  });

  test("evaluate counts as one would by hand", async () => {
    const labels = [results.map((_, row) => row === 30 || row === 31)];
    const found = await made.evaluate(odd, { labels });
    const alarms = results.filter(({ alarm }) => alarm).length;
    expect(found).toMatchObject({
      rows: 100,
      labels: 2,
      alarms,
      recall: 1,
      averagePrecision: 1,
      precision: 2 / alarms,
    });
  });

  test("no look-ahead: what comes later changes nothing of what was said", async () => {
    const [changed] = await made.predict(
      set(400, 500, (values) => {
        values[30] = 160;
        values[31] = 40;
        values.fill(7, 60);
      }),
    );
    expect(changed!.slice(0, 60)).toEqual(results.slice(0, 60));
  });

  test("a level that has changed for good is taken after a window of odd values", async () => {
    const [shifted] = await made.predict(
      set(400, 500, (values) =>
        values.set(
          values.subarray(20).map((v) => v + 200),
          20,
        ),
      ),
    );
    expect(shifted!.findIndex(({ settled }) => settled)).toBe(20 + 13);
    expect(shifted!.slice(40).filter(({ alarm }) => alarm).length).toBeLessThan(20);
  });
});

describe("a stream", () => {
  const step = (at: number) => ({
    time: odd.series[0]!.times![at]!,
    value: odd.series[0]!.columns.visits![at]!,
  });

  test("cut anywhere and gone on from JSON: the same results", async () => {
    for (const cut of [0, 1, 13, 30, 31, 77]) {
      const first = await made.stream();
      const said: DetectResult[] = [];
      for (let i = 0; i < cut; i++) said.push(await first.step(step(i)));
      const state = JSON.parse(JSON.stringify(await first.getState())) as Awaited<
        ReturnType<typeof first.getState>
      >;
      const second = await made.stream();
      await second.setState(state);
      for (let i = cut; i < 100; i++) said.push(await second.step(step(i)));
      expect(said).toEqual(results);
    }
  });

  test.each([
    { name: "two threads", open: () => createRuntime({ threads: 2 }) },
    { name: "a worker", open: () => spawnRuntime() },
  ])("from $name: the same file, the same results", async ({ open }) => {
    const other = await open();
    const again = detector(other, OPTIONS);
    await again.fit(past);
    expect(await again.save()).toEqual(bytes);
    const loaded = await loadDetector(other, bytes);
    expect((await loaded.predict(odd))[0]).toEqual(results);
    await other.close();
  });

  test("missing values, gaps, late rows, other series and times in between", async () => {
    const stream = await made.stream();
    expect(await stream.step({ ...step(0), value: null })).toMatchObject({
      status: "missing",
      value: null,
      expected: expect.any(Number),
    });
    expect(await stream.step({ time: new Date(step(3).time + 5000), value: 100 })).toMatchObject({
      status: "scored",
      filled: 2,
      time: step(3).time,
    });
    expect(await stream.step(step(3))).toMatchObject({ status: "late", alarm: false });
    expect(await stream.step({ ...step(4), series: "other" })).toMatchObject({ status: "unknown" });
    expect(await stream.step({ time: "2023-09-01", value: 100 })).toMatchObject({
      status: "warming",
      restarted: true,
    });
    expect(await stream.step({ time: "2023-09-02", value: 100 })).toMatchObject({
      status: "warming",
      restarted: false,
    });
    await expect(stream.step({ time: "soon", value: 1 })).rejects.toThrow(codedError("BAD_VALUE"));
    await expect(stream.step({ time: 0, value: "1" } as never)).rejects.toThrow(codedError("BAD_VALUE"));
    await expect(stream.setState({ version: 1, series: { x: 3 } } as never)).rejects.toThrow(
      codedError("BAD_VALUE"),
    );
  });

  test("on rows from before the end of training it begins anew", async () => {
    const [anew] = await made.predict(set(100, 140));
    expect(anew!.slice(0, 14).every(({ status }) => status === "warming")).toBe(true);
    expect(anew![14]!.status).toBe("scored");
  });

  test("an alpha that the validation part does not reach is refused", async () => {
    await expect(made.stream({ alpha: 0.001 })).rejects.toThrow(
      codedError("BAD_ARGUMENT", /wanted 0\.012 at least/),
    );
  });
});

describe("what goes wrong", () => {
  test("bad data and options are refused", async () => {
    expect(() => detector(kit, { windw: 3 } as object)).toThrow(
      codedError("BAD_ARGUMENT", /did you mean window/),
    );
    const fresh = detector(kit, OPTIONS);
    await expect(fresh.fit(set(0, 20))).rejects.toThrow(codedError("BAD_SERIES"));
    await expect(fresh.fit({} as SeriesSet)).rejects.toThrow(codedError("BAD_ARGUMENT"));
    await expect(detector(kit, { target: "x" }).fit(past)).rejects.toThrow(
      codedError("BAD_SERIES", /no column "x"/),
    );
    await expect(fresh.stream()).rejects.toThrow(codedError("NOT_FITTED"));
    await expect(fresh.fit(past, { signal: AbortSignal.abort() })).rejects.toThrow(codedError("ABORTED"));
    expect(fresh.report).toBeNull();
    await expect(made.evaluate(odd, { labels: [[true]] })).rejects.toThrow(codedError("BAD_ARGUMENT"));
  });

  test("the file opens as a plain model, and one of another kind is refused", async () => {
    const plain = await kit.load(bytes);
    expect(plain.layers[0]!.type).toBe("lstm");
    const other = await kit.sequential(plain.layers);
    await expect(loadDetector(kit, await other.save())).rejects.toThrow(codedError("BAD_MODEL_FILE"));
  });

  test("rows that are numbered go on by number; a constant series calls every other value odd", async () => {
    const length = 200;
    const flat: SeriesSet = {
      series: [
        { id: "", length, rows: length, times: null, columns: { x: new Float64Array(length).fill(5) } },
      ],
      ...{ frequency: null, timeZone: null, findings: [] },
    };
    const constant = detector(kit, { ...OPTIONS, epochs: 1 });
    expect((await constant.fit(flat)).findings).toContainEqual(expect.objectContaining({ code: "CONSTANT" }));
    const stream = await constant.stream({ alpha: 0.05 });
    expect(await stream.step({ value: 5 })).toMatchObject({ time: null, status: "scored" });
    expect(await stream.step({ value: 6 })).toMatchObject({ alarm: true });
  });
});
