/** What is chosen, and by which rows: of equals the simplest; over several stretches; never by the test part. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Series, SeriesSet } from "../../../src/data/index.ts";
import { createRuntime, type Runtime, stagedRun } from "../../../src/node.ts";
import { Breath } from "../../../src/tasks/forecast/breath.ts";
import { choicesOf, numbersOf, reading, simplest } from "../../../src/tasks/forecast/choose.ts";
import { Errors } from "../../../src/tasks/forecast/intervals.ts";
import { originsUntil, originsWithin, stretchesOf } from "../../../src/tasks/forecast/parts.ts";
import { planOf } from "../../../src/tasks/forecast/plan.ts";
import { RidgeSums } from "../../../src/tasks/forecast/ridge.ts";
import { Windows } from "../../../src/tasks/forecast/windows.ts";
import { forecaster } from "../../../src/tasks/index.ts";

let kit: Runtime;
beforeAll(async () => {
  kit = await createRuntime();
});
afterAll(() => kit.close());

/** Numbers from 0 to 1, the same for a seed. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let bits = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
  };
}

const HOUR = 3_600_000;

/** Hours from a Monday on. */
function hours(values: readonly number[]): SeriesSet {
  const n = values.length;
  const series: Series = {
    ...{ id: "", length: n, rows: n },
    times: Float64Array.from({ length: n }, (_, i) => Date.UTC(2024, 0, 1) + i * HOUR),
    columns: { y: Float64Array.from(values) },
  };
  return { series: [series], frequency: { unit: "hour", every: 1 }, timeZone: null, findings: [] };
}

const SMALL = { horizon: 6, window: 12, units: 4, epochs: 2, seed: 1 };

describe("the simplest of those that do about as well", () => {
  test("what is more has to be better by two in a hundred", () => {
    expect(simplest([[1.019], [1]])).toBe(0);
    expect(simplest([[1.021], [1]])).toBe(1);
    expect(simplest([[1.5], [1.01], [1]])).toBe(1);
    expect(simplest([[0], [0]])).toBe(0);
  });

  test("every stretch counts alike, be its errors large or small", () => {
    // By the mean the second is better; it is so in one stretch of large errors alone.
    expect(
      simplest([
        [1, 1, 100],
        [1.2, 1.2, 90],
      ]),
    ).toBe(0);
  });

  test("a calendar is read where it tells something, and not where it does not", async () => {
    const walkOf = (seed: number) => {
      const random = uniform(seed);
      let level = 0;
      return Array.from({ length: 1500 }, () => (level += random() - 0.5));
    };
    const quick = { ...SMALL, normalization: { center: "last" as const, linear: true }, epochs: 1 };
    const chosen: number[] = [];
    for (const seed of [1, 2, 3, 4, 5]) {
      const made = forecaster(kit, quick);
      const { columns, candidates } = await made.fit(hours(walkOf(seed)));
      expect(candidates.map(({ calendar, lags }) => [calendar, lags])).toContainEqual([true, true]);
      chosen.push(columns.calendar.length);
      await made.dispose();
    }
    expect(chosen.filter((count) => count > 0).length).toBeLessThanOrEqual(1);
    const random = uniform(5);
    // Values come by the hour, too seldom for a window to say when: half of the days have none.
    const byHour = Array.from({ length: 1500 }, (_, i) => {
      const day = Math.floor(i / 24);
      return (i % 24 === 17 && (day * day) % 3 !== 1 ? 10 : 0) + 0.1 * random();
    });
    const made = forecaster(kit, quick);
    expect((await made.fit(hours(byHour))).columns.calendar).toContain("hour");
    await made.dispose();
    const asked = forecaster(kit, { ...SMALL, calendar: ["weekday"], lags: [48] });
    expect((await asked.fit(hours(walkOf(1)))).columns).toMatchObject({ calendar: ["weekday"], lags: [48] });
    await asked.dispose();
  });

  test("of a walk the ridge, or the last value, cannot be bettered: nothing of the network is taken", async () => {
    const random = uniform(9);
    let level = 0;
    const made = forecaster(kit, { ...SMALL, normalization: { center: "last", linear: true }, epochs: 6 });
    const report = await made.fit(hours(Array.from({ length: 900 }, () => (level += random() - 0.5))));
    expect(report.network.share).toBe(0);
    const said = await made.predict();
    expect(said.series[0]!.rows.map(({ value }) => value)).toEqual(
      (await made.predict(undefined, { model: "ridge" })).series[0]!.rows.map(({ value }) => value),
    );
    await made.dispose();
  });
});

test("a ridge that leaves out numbers of a step is the one that never saw them", async () => {
  const random = uniform(11);
  const set = hours(Array.from({ length: 700 }, (_, i) => (i % 24) / 10 + random()));
  const breath = new Breath();
  const run = await stagedRun({});
  const { study, mayDrop } = await planOf(kit, { horizon: 3, window: 6 }, set, { run }, breath);
  const choices = choicesOf(study, mayDrop);
  expect(choices).toHaveLength(4);
  const layout = { ...study.layout, center: "last" as const };
  const sums = new RidgeSums(layout);
  await sums.add(new Windows(study.frames.plain, layout), study.train, breath);
  const ridges = await sums.solve(
    1e-3,
    choices.map((choice) => numbersOf(study, choice)),
    breath,
  );
  for (const [i, choice] of choices.entries()) {
    const own = reading(study, choice);
    const less = { ...own.layout, center: "last" as const };
    const alone = new RidgeSums(less);
    await alone.add(new Windows(own.frames.plain, less), study.train, breath);
    const all = Array.from({ length: less.known + less.lags.length }, (_, number) => number);
    const [wanted] = await alone.solve(1e-3, [all], breath);
    expect([...ridges[i]!.weights]).toEqual([...wanted!.weights]);
  }
});

describe("stretches", () => {
  const series = hours(Array.from({ length: 1000 }, () => 0)).series;
  const cuts = [{ validation: 700, test: 800 }];

  test("lie one behind the other in the second half of what is before the test part, the last ones in the validation part", () => {
    const { edges, earlier, pieces } = stretchesOf(series, cuts, { needed: 20, horizon: 6 });
    const rows = edges.map(([row]) => row!);
    expect(rows).toEqual([...rows].sort((a, b) => a - b));
    expect(rows[0]).toBeGreaterThanOrEqual(400);
    expect(rows[earlier]).toBe(700);
    expect(rows.at(-1)).toBe(800);
    expect(rows.length - 1).toBeGreaterThanOrEqual(6);
    expect([pieces[0], pieces.at(-1)]).toEqual([[700], [800]]);
  });

  test("a short validation part is one; nothing lies before it where there is too little to learn from", () => {
    const { edges, earlier } = stretchesOf(series, [{ validation: 100, test: 110 }], {
      needed: 90,
      horizon: 6,
    });
    expect([edges, earlier]).toEqual([[[100], [110]], 0]);
  });

  test("no target of what is learnt from lies in the stretch that is judged by, and none is left out or taken twice", () => {
    const { edges } = stretchesOf(series, cuts, { needed: 20, horizon: 6 });
    const all = {
      series: new Int32Array(675),
      at: Int32Array.from({ length: 675 }, (_, i) => 20 + i),
    };
    const seen: number[] = [];
    for (const [i, edge] of edges.slice(0, -1).entries()) {
      const some = originsUntil(all, 6, edge, edges[i - 1]);
      seen.push(...some.at);
      expect(Math.max(...some.at) + 6).toBeLessThanOrEqual(edge[0]!);
      const judged = originsWithin(edges, { needed: 20, horizon: 6, most: 50 })[i]!;
      expect(judged.at.length).toBeLessThanOrEqual(50);
      expect(Math.min(...judged.at)).toBeGreaterThanOrEqual(edge[0]!);
      expect(Math.max(...judged.at) + 6).toBeLessThanOrEqual(edges[i + 1]![0]!);
    }
    expect(seen).toEqual([...all.at].filter((at) => at + 6 <= edges.at(-2)![0]!));
  });
});

test("intervals of few errors, several steps ahead on a walk, hold what they say", () => {
  const [horizon, known] = [6, 40];
  const random = uniform(3);
  const anchors = { levels: [0.8], low: [0], high: [0], middle: 0 };
  const runs = 3000;
  const inside = [0, 0];
  for (let run = 0; run < runs; run++) {
    const walk = [0];
    while (walk.length < known + 2 * horizon) walk.push(walk.at(-1)! + random() + random() - 1);
    const errors = new Errors({ horizon, targets: 1 }, 1, 1000);
    const lastOf = (origin: number) => new Float64Array(horizon).fill(walk[origin]!);
    for (let origin = 0; origin < known; origin++) {
      errors.add(lastOf(origin), 0, (step) => walk[origin + 1 + step]!);
    }
    const origin = known + horizon - 1;
    const out = new Float64Array(2 * horizon);
    errors.bounds(lastOf(origin), 0, anchors, out, 0);
    for (const [i, step] of [0, horizon - 1].entries()) {
      const came = walk[origin + 1 + step]!;
      if (came >= out[2 * step]! && came <= out[2 * step + 1]!) inside[i]!++;
    }
  }
  // Without regard to what overlapping errors have in common the last step has 0.74.
  for (const share of inside.map((count) => count / runs)) {
    expect(share).toBeGreaterThan(0.77);
    expect(share).toBeLessThan(0.85);
  }
});
