/** The fit of a detector: the network, what its errors usually are, and the scores that p-values go by. */

import { nextTurn } from "../../clock.ts";
import { type CalendarFeature, calendar, calendarFeatures } from "../../data/series/calendar.ts";
import { gridOf } from "../../data/series/frequency.ts";
import { badSeries, counted } from "../../data/series/places.ts";
import type { Finding, Series, SeriesSet } from "../../data/series/series.ts";
import { Zone } from "../../data/series/zone.ts";
import { LstmkitError } from "../../errors.ts";
import { type FitCheckpoint, type Model, type Runtime, stagedRun } from "../../index.ts";
import { show } from "../../options.ts";
import { optionsIdentity, seriesIdentity } from "../run-identity.ts";
import { Expecting } from "./expect.ts";
import { type DetectProgress, learn } from "./learn.ts";
import type { DetectFacts, DetectReport } from "./record.ts";
import { groupOf, median, type Scales, scaleAt, scalesOf } from "./scales.ts";
import {
  DETECTOR_OPTIONS,
  type DetectorOptions,
  seasonFor,
  sizesFor,
  TUNING,
  type Tuning,
  windowFor,
} from "./settings.ts";
import { Watch, type WatchedSeries } from "./watch.ts";
import { batchOf, type Places, spread, unitOf, type Watched } from "./windows.ts";

/** Rows of the validation part that scores are taken of, over all series: the last ones. */
const MOST_CALIBRATED = 4000;
/** Rows of it that mean errors are told of, evenly spread. */
const MOST_MEASURED = 20_000;
/** It takes so many to call one odd. */
const FEWEST_CALIBRATED = 20;
/** Windows to learn from at least. */
const FEWEST_TRAINED = 30;
/** Times that are enough to say a grid: months have their day by them. */
const ANCHOR = 12;

/** A series with the rows of its parts: training up to `train`, validation up to its length. */
interface Part extends Watched {
  readonly of: Series;
  readonly train: number;
  /** The first row that is calibrated by. */
  readonly calibrated: number;
}

/** Who is told of a fit, and who may end it. */
export interface DetectHooks {
  readonly signal?: AbortSignal;
  readonly onEpochEnd?: (progress: DetectProgress) => void | Promise<void>;
  readonly checkpoint?: FitCheckpoint;
}

/** @throws BAD_SERIES, ABORTED */
export async function fitDetector(
  kit: Runtime,
  set: SeriesSet,
  options: DetectorOptions,
  hooks: DetectHooks,
): Promise<{ model: Model; facts: DetectFacts }> {
  const network = await learnDetector(kit, set, options, hooks, TUNING);
  try {
    return { model: network.model, facts: await calibrateDetector(kit, set, network, TUNING, hooks.signal) };
  } catch (error) {
    await network.model.dispose();
    throw error;
  }
}

/** A network that was trained, and what on. */
export interface Trained {
  readonly model: Model;
  readonly history: DetectReport["history"];
  readonly bestEpoch: number;
  readonly target: string;
  readonly window: number;
  readonly features: readonly CalendarFeature[];
  readonly parts: readonly Part[];
}

/** The first half of a fit. @throws BAD_SERIES, ABORTED */
export async function learnDetector(
  kit: Runtime,
  set: SeriesSet,
  options: DetectorOptions,
  hooks: DetectHooks,
  { lastRate }: Pick<Tuning, "lastRate">,
): Promise<Trained> {
  const target = targetOf(set, options.target);
  const features = featuresFor(set, options.calendar);
  const window = options.window ?? windowFor(set.frequency);
  const parts = await partsOf(kit, set, { target, window, features, validation: options.validation });
  const train = placesOf(parts, (part) => [window, part.train]);
  const sizes = sizesFor(train.length / 2, options);
  const { epochs, patience, learningRate, seed } = { ...defaults(), ...options };
  const settings = { window, ...sizes, epochs, patience, learningRate, lastRate, seed };
  const { checkpoint } = hooks;
  const identity = { "the data": seriesIdentity(set), ...optionsIdentity({ ...options, lastRate }) };
  const run = await stagedRun(checkpoint ? { checkpoint, identity } : {});
  try {
    const all = { train, validation: validationOf(parts) };
    const learnt = await learn(kit, parts, all, settings, { ...hooks, run });
    return { ...learnt, target, window, features, parts };
  } finally {
    await run.close();
  }
}

const validationOf = (parts: readonly Part[]) => placesOf(parts, (part) => [part.train, part.of.length]);

/** The second half: what is usual. @throws ABORTED */
export async function calibrateDetector(
  kit: Runtime,
  set: SeriesSet,
  { model, history, bestEpoch, target, window, features, parts }: Trained,
  tuning: Tuning,
  signal?: AbortSignal,
): Promise<DetectFacts> {
  const validation = spread(validationOf(parts), MOST_MEASURED);
  const network = await errorsOf(model, parts, validation, window);
  const expecting = new Expecting(kit, model, { ...set, window, calendar: features });
  const { series, calibration } = await calibrate(model, parts, expecting, { set, window, tuning, signal });
  const season = seasonFor(set.frequency);
  const report: DetectReport = {
    ...{ target, series: parts.length, frequency: set.frequency, window, calendar: features },
    rows: {
      train: sum(parts, (part) => part.train),
      validation: sum(parts, (part) => part.of.length - part.train),
    },
    calibration: calibration.length,
    errors: {
      network: mean(network.map(({ error }) => error)),
      last: naive(parts, validation, 1),
      seasonal: naive(parts, validation, season),
      season,
    },
    parameters: await model.countParams(),
    ...{ history, bestEpoch },
    findings: [...set.findings, ...findingsOf(parts, calibration)],
    digest: await model.digest(),
  };
  const { frequency, timeZone } = set;
  return { target, frequency, timeZone, window, calendar: features, series, calibration, report };
}

const defaults = () => ({
  epochs: DETECTOR_OPTIONS.epochs.fallback,
  patience: DETECTOR_OPTIONS.patience.fallback,
  learningRate: DETECTOR_OPTIONS.learningRate.fallback,
  seed: DETECTOR_OPTIONS.seed.fallback,
});

/** The column to watch. @throws BAD_SERIES where it is not there, or could be several */
export function targetOf({ series }: SeriesSet, named: string | undefined): string {
  const names = Object.keys(series[0]?.columns ?? {});
  if (named !== undefined && names.includes(named)) return named;
  if (named === undefined && names.length === 1) return names[0]!;
  const found =
    named === undefined
      ? `the set has ${counted(names.length, "column")}`
      : `there is no column ${show(named)}`;
  throw badSeries(
    `${found} (${names.map((name) => show(name)).join(", ")})`,
    "the name of one of them: target",
  );
}

function featuresFor(set: SeriesSet, wanted: DetectorOptions["calendar"] = true): readonly CalendarFeature[] {
  if (wanted === true) return calendarFeatures(set);
  return wanted === false ? [] : wanted;
}

async function partsOf(
  kit: Runtime,
  set: SeriesSet,
  how: {
    readonly target: string;
    readonly window: number;
    readonly features: readonly CalendarFeature[];
    readonly validation: number | undefined;
  },
): Promise<Part[]> {
  const { target, window, features, validation = DETECTOR_OPTIONS.validation.fallback } = how;
  const most = Math.ceil(MOST_CALIBRATED / set.series.length);
  const parts: Part[] = [];
  for (const of of set.series) {
    const values = of.columns[target];
    if (!values) throw badSeries(`series ${show(of.id)} has no column ${show(target)}`, "it in every series");
    const own = values.subarray(0, of.length);
    const kept = validation < 1 ? Math.floor(of.length * validation) : validation;
    const train = of.length - kept;
    if (train < window + 2 || kept < 2) {
      const name = of.id === "" ? "the series" : `series ${show(of.id)}`;
      throw badSeries(
        `${name} has ${counted(of.length, "row")}, ${Math.max(0, train)} of them to learn from`,
        `${window + 2} and more there, for a window of ${window}; a shorter window, a smaller validation part or more rows`,
      );
    }
    const columns =
      features.length > 0 && of.times
        ? (await calendar(kit, set, of.times.subarray(0, of.length), features)).columns
        : [];
    parts.push({
      of,
      values: own,
      calendar: columns,
      unit: unitOf(own, window, train),
      train,
      calibrated: Math.max(train, of.length - most),
    });
    await nextTurn();
  }
  const windows = sum(parts, (part) => part.train - window);
  const calibrated = sum(parts, (part) => part.of.length - part.calibrated);
  if (windows < FEWEST_TRAINED || calibrated < FEWEST_CALIBRATED) {
    throw badSeries(
      `there are ${counted(windows, "window")} to learn from and ${counted(calibrated, "row")} to compare with`,
      `${FEWEST_TRAINED} and ${FEWEST_CALIBRATED} at least. Give more rows`,
    );
  }
  return parts;
}

function placesOf(parts: readonly Part[], rowsOf: (part: Part) => readonly [number, number]): Places {
  const places = new Int32Array(2 * sum(parts, (part) => rowsOf(part)[1] - rowsOf(part)[0]));
  let to = 0;
  for (const [s, part] of parts.entries()) {
    const [from, end] = rowsOf(part);
    for (let row = from; row < end; row++) {
      places[to++] = s;
      places[to++] = row;
    }
  }
  return places;
}

/** Windows that are asked at once. */
const AT_ONCE = 512;

/** Absolute errors of the network, in the data's own unit. */
async function errorsOf(
  model: Model,
  parts: readonly Part[],
  places: Places,
  window: number,
): Promise<{ series: number; row: number; error: number }[]> {
  const errors: { series: number; row: number; error: number }[] = [];
  for (let from = 0; from < places.length; from += 2 * AT_ONCE) {
    const some = places.subarray(from, from + 2 * AT_ONCE);
    const { x, means } = batchOf(parts, some, window);
    const { data } = await model.predict(x, { batchSize: 128 });
    for (let i = 0; i < data.length; i++) {
      const [series, row] = [some[2 * i]!, some[2 * i + 1]!];
      const { unit, values } = parts[series]!;
      errors.push({ series, row, error: Math.abs(values[row]! - (means[i]! + data[i]! * unit)) });
    }
  }
  return errors;
}

/**
 * What is usual, and the scores of the validation part: first with windows as they are; then once more, row by row, with
 * the oddest values replaced, as a stream will do it. The stream of each series ends where training ends.
 */
async function calibrate(
  model: Model,
  parts: readonly Part[],
  expecting: Expecting,
  {
    set,
    window,
    tuning: { replace, leastShare },
    signal,
  }: { set: SeriesSet; window: number; tuning: Tuning; signal: AbortSignal | undefined },
): Promise<{ series: WatchedSeries[]; calibration: Float64Array }> {
  const zone = set.timeZone === null ? undefined : new Zone(set.timeZone);
  const groupAt = (part: Part, row: number) => groupOf(set.frequency, zone, part.of.times?.[row] ?? null);
  const places = placesOf(parts, (part) => [part.calibrated, part.of.length]);
  const first = grouped(await errorsOf(model, parts, places, window), parts, groupAt);
  const { scales, calibration: scores } = scored(first, parts, leastShare);
  const ends: WatchedSeries[] = [];
  const second: Graded[][] = [];
  for (const [s, part] of parts.entries()) {
    const anchor = part.of.times ? [...part.of.times.subarray(0, ANCHOR)] : [];
    const values = [...part.values.subarray(part.calibrated - window, part.calibrated)];
    const watched: WatchedSeries = {
      ...{ id: part.of.id, unit: part.unit, scales: scales[s]!, anchor },
      end: { row: rowOf(set, part.of, part.calibrated - 1), values, raw: values, odd: 0 },
    };
    const rules = {
      ...{ frequency: set.frequency, zone, window, calibration: scores, alpha: 0, replace },
      expect: expecting.expect.bind(expecting),
    };
    const watch = new Watch(watched, rules, watched.end);
    const errors: Graded[] = [];
    for (let row = part.calibrated; row < part.of.length; row++) {
      if (signal?.aborted) throw new LstmkitError("ABORTED", "the fit was ended by its signal.");
      if (row % 64 === 0) await nextTurn();
      const { value, expected } = await watch.step(part.of.times?.[row] ?? null, part.values[row]!);
      errors.push({ error: Math.abs(value! - expected!), group: groupAt(part, row) });
    }
    second.push(errors);
    ends.push({ ...watched, end: watch.state });
  }
  const last = scored(second, parts, leastShare);
  const series = ends.map((one, s) => ({ ...one, scales: last.scales[s]! }));
  return { series, calibration: last.calibration };
}

/** The number of a row on its series' grid. */
function rowOf({ frequency }: SeriesSet, { times }: Series, row: number): number {
  return frequency && times
    ? Math.floor(gridOf(frequency, times.subarray(0, ANCHOR)).indexOf(times[row]!))
    : row;
}

interface Graded {
  readonly error: number;
  readonly group: number;
}

/** By series. */
function grouped(
  errors: readonly { series: number; row: number; error: number }[],
  parts: readonly Part[],
  groupAt: (part: Part, row: number) => number,
): Graded[][] {
  const bySeries = parts.map((): Graded[] => []);
  for (const { series, row, error } of errors)
    bySeries[series]!.push({ error, group: groupAt(parts[series]!, row) });
  return bySeries;
}

function scored(
  errors: readonly (readonly Graded[])[],
  parts: readonly Part[],
  leastShare: number,
): { scales: Scales[]; calibration: Float64Array } {
  // Of all series, in their units: what stands in for a series with few errors.
  const pooled = median(errors.flatMap((own, s) => own.map(({ error }) => error / parts[s]!.unit)));
  const scales = errors.map((own, s) => scalesOf(own, parts[s]!.unit, leastShare, pooled));
  const scores = errors.flatMap((own, s) =>
    own.map(({ error, group }) => error / scaleAt(scales[s]!, group)),
  );
  return { scales, calibration: Float64Array.from(scores).sort() };
}

/** Mean absolute error of the value so many rows before; of those that have one. */
function naive(parts: readonly Part[], places: Places, rows: number): number {
  let [errors, n] = [0, 0];
  for (let i = 0; i < places.length; i += 2) {
    const { values } = parts[places[i]!]!;
    const row = places[i + 1]!;
    if (row < rows) continue;
    errors += Math.abs(values[row]! - values[row - rows]!);
    n++;
  }
  return n === 0 ? 0 : errors / n;
}

function findingsOf(parts: readonly Part[], calibration: Float64Array): Finding[] {
  const findings: Finding[] = [];
  const flat = parts.filter(({ values, train }) =>
    values.subarray(0, train).every((value) => value === values[0]),
  );
  if (flat.length > 0) {
    const message = `${counted(flat.length, "series has", "series have")} one value alone to learn from: ${flat
      .slice(0, 3)
      .map(({ of }) => show(of.id))
      .join(", ")}; any other value of theirs is odd.`;
    findings.push({ code: "CONSTANT", count: flat.length, message });
  }
  if (calibration.length < 99) {
    const message = `${counted(calibration.length, "row is", "rows are")} there to compare with: no p-value can be below ${(1 / (calibration.length + 1)).toFixed(3)}.`;
    findings.push({ code: "FEW_ROWS", count: calibration.length, message });
  }
  return findings;
}

const sum = <T>(items: readonly T[], of: (item: T) => number) =>
  items.reduce((all, item) => all + of(item), 0);
const mean = (numbers: readonly number[]) => sum(numbers, (n) => n) / Math.max(1, numbers.length);
