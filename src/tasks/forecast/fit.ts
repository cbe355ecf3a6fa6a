/**
 * From a set to a forecaster: parts, scales, baselines, the choice, the training, and how it did. Over 400 lines, because all
 * of it is one sequence, each step of which needs what those before it found.
 */
import { calendarFeatures } from "../../data/series/calendar.ts";
import type { Finding, Series, SeriesSet } from "../../data/series/series.ts";
import { LstmkitError } from "../../errors.ts";
import type { CompileOptions, Runtime } from "../../index.ts";
import { checkOptions } from "../../options.ts";
import { baselinesFor, Measure } from "./backtest.ts";
import { Breath } from "./breath.ts";
import type { ForecastFitOptions } from "./calls.ts";
import { type Columns, namesIn, rolesOf, seriesName } from "./columns.ts";
import { rowsToShow } from "./forecast.ts";
import { type Frame, frameOf, knownRows, learnScales, type Scales } from "./frame.ts";
import { Errors } from "./intervals.ts";
import {
  CHOOSE_BY,
  measured,
  outputOf,
  type Screened,
  type Study,
  screen,
  search,
  trainOne,
} from "./learn.ts";
import { type Cut, cutsOf, type Origins, originsIn, thinned } from "./parts.ts";
import type { KeptErrors, Known, Learnt, SeriesFacts } from "./record.ts";
import type { Baseline, BaselineName, Candidate, ForecastModel, PartReport, TestReport } from "./report.ts";
import { seasonsOf, windowFor } from "./seasons.ts";
import { FORECASTER_OPTIONS, type ForecasterOptions, type Normalization } from "./settings.ts";
import { type Scene, sayRolling, speakerOf } from "./speak.ts";
import { decoderWidth, type Layout } from "./windows.ts";

/** Windows of an epoch, and origins of a series that errors are taken from, at most: more take long and tell little. */
const MOST_WINDOWS = 50_000;
const MOST_TESTED = 5000;
/** Errors that a file keeps, all in all. */
const MOST_KEPT = 100_000;

type Given = ReturnType<typeof checkOptions<ForecasterOptions, typeof FORECASTER_OPTIONS>>;

/** @throws BAD_SERIES, BAD_ARGUMENT, ABORTED, OUT_OF_MEMORY, THREAD_FAILED */
export async function study(
  kit: Runtime,
  options: ForecasterOptions,
  set: SeriesSet,
  hooks: ForecastFitOptions,
): Promise<Known> {
  const given = checkOptions<ForecasterOptions, typeof FORECASTER_OPTIONS>(
    "forecaster()",
    options,
    FORECASTER_OPTIONS,
  );
  const { horizon } = given;
  const breath = new Breath(hooks.signal);
  const columns = columnsOf(set, given);
  const cuts = cutsOf(set, given, horizon);
  const trainRows = Math.max(...cuts.map(({ validation }) => validation));
  const places = placesOf(set, given, trainRows);
  const { window, needed } = places;
  // A series that ends, or begins, so that it has no window to train on is forecast all the same: by its own past.
  const own = set.series
    .map((series, s) => ({ series, cut: cuts[s]! }))
    .filter(({ cut }) => cut.validation >= needed + horizon);
  if (own.length === 0) throw tooShort(set.series, given, places, trainRows);
  const { scales, plain, log } = await framesFor(kit, set, own, columns, given, horizon);
  const layout: Omit<Layout, "center"> = {
    ...{ window, horizon },
    targets: columns.target.length,
    past: columns.past.length,
    known: plain[0]!.known.length,
    lags: places.lags,
    season: places.seasons[0] ?? 0,
  };
  const origins = (from: (cut: Cut) => number, to: (cut: Cut, length: number) => number, most?: number) =>
    originsIn(
      own.map(({ series, cut }) => ({ from: from(cut), to: to(cut, series.length) })),
      { needed, horizon, ...(most !== undefined && { most }) },
    );
  const train = origins(
    () => 0,
    ({ validation }) => validation,
    MOST_WINDOWS,
  );
  const validation = origins(
    ({ validation }) => validation,
    ({ test }) => test,
  );
  if (validation.at.length === 0) throw tooShort(set.series, given, places, trainRows);

  const quantiles = given.quantiles ? [...new Set([...given.quantiles, 0.5])].sort((a, b) => a - b) : null;
  const loss: CompileOptions["loss"] = quantiles ? { name: "quantile", quantiles } : given.loss;
  const n = train.at.length;
  const batchSize = given.batchSize ?? (n >= 6000 ? 128 : n >= 2000 ? 64 : 32);
  const epochs = given.epochs ?? Math.min(80, Math.max(12, Math.ceil(1600 / Math.ceil(n / batchSize))));
  const units = given.units ?? (n >= 1500 ? 64 : n >= 200 ? 32 : 16);
  const job: Study = {
    ...{ kit, layout, train, validation, loss, batchSize, epochs, hooks, breath },
    frames: { plain, log },
    shape: {
      ...{ cell: given.cell, units, layers: given.layers, dropout: given.dropout },
      outputs: quantiles?.length ?? 1,
    },
    learningRate: given.learningRate,
    patience: given.patience ?? Math.max(3, Math.ceil(epochs / 5)),
    seed: given.seed,
  };
  const middle = quantiles ? quantiles.indexOf(0.5) : 0;
  const { screened, candidates } = await choose(job, given, middle);
  const normalization = normalizationOf(candidates[0]!);
  const ridge = normalization.linear
    ? screened.find(({ center, log: on }) => center === normalization.center && on === normalization.log)!
    : screened[0]!;
  const trained = await trainOne(job, normalization, ridge.ridge, {
    ...{ stage: "train", epochs, candidate: 0, candidates: 1 },
  });
  const { model } = trained;
  try {
    const scene: Scene = { plain, log, unseen: own.map(({ cut }) => cut.validation), strangers: [] };
    const facts: Omit<Learnt, "season" | "errors"> = {
      ...{ columns, layout, needed, normalization, quantiles },
      frequency: set.frequency,
      timeZone: set.timeZone,
      gain: trained.gain,
      ridge: { center: ridge.center, log: ridge.log, ridge: ridge.ridge },
      levels: given.levels,
      calibration: given.calibration,
      series: Object.fromEntries(
        own.map(({ series, cut }, s): [string, SeriesFacts] => [
          series.id,
          { scales: scales[s]!, trainedTo: trainedTo(series, cut.validation) },
        ]),
      ),
      tail: tailOf(set, columns, Math.max(needed, rowsToShow(layout)), horizon),
    };
    const baselines = await baselinesOf(
      kit,
      model,
      { ...facts, season: 0, errors: [] },
      scene,
      validation,
      places.seasons,
      breath,
    );
    const season = baselines.find(({ name }) => name === "seasonal")?.season ?? 0;
    const known: Known<Learnt> = { model, facts: { ...facts, season, errors: [] } };
    const valScores = await scoresBy(kit, known, scene, "network", thinned(validation, CHOOSE_BY), breath);
    const errors = await errorsOf(
      known,
      scene,
      own.map(({ series, cut }) => ({ from: cut.validation, to: series.length })),
      breath,
    );
    const tested = await test(kit, known, scene, own, breath);
    const all = [
      { name: "network" as ForecastModel, mse: valScores.mse },
      ...baselines.map(({ name, validation: { mse } }) => ({ name: name as ForecastModel, mse })),
    ];
    const report = {
      series: set.series.length,
      columns: {
        ...{ target: columns.target, known: columns.known, past: columns.past, calendar: columns.calendar },
        holidays: columns.holidays?.country ?? null,
        lags: places.lags,
      },
      frequency: set.frequency,
      ...{ horizon, window },
      seasons: places.seasons,
      parts: {
        train: partOf(own, train, ({ validation: to }) => [0, to]),
        validation: partOf(own, validation, ({ validation: from, test: to }) => [from, to]),
        test: tested ? partOf(own, tested.origins, ({ test: from }, length) => [from, length]) : null,
      },
      ...{ normalization, candidates },
      network: {
        ...{ cell: given.cell, units, layers: given.layers },
        decoder: decoderWidth({ ...layout, center: normalization.center }) > 0,
        parameters: await model.countParams(),
        loss: quantiles ? "quantile" : given.loss,
        batchSize,
      },
      history: trained.history,
      bestEpoch: trained.bestEpoch,
      validation: valScores,
      test: tested?.report ?? null,
      baselines: baselines.map((one) => ({ ...one, test: tested?.baselines[one.name] ?? null })),
      best: all.reduce((a, b) => (b.mse < a.mse ? b : a)).name,
      findings: [...set.findings, ...leftOut(set.series.length - own.length)],
      digest: await model.digest(),
    };
    return { model, facts: { ...facts, season, errors, report } };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** What is read of a row. */
function columnsOf(set: SeriesSet, given: Given): Columns {
  const roles = rolesOf(set, given);
  const hasTimes = set.frequency !== null;
  if (!hasTimes && (given.holidays || Array.isArray(given.calendar))) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${given.holidays ? "holidays were" : "calendar was"} given, and the rows are numbered; wanted rows with times. Name the column of times when the data are read.`,
    );
  }
  const calendar =
    given.calendar === true ? calendarFeatures(set) : given.calendar === false ? [] : given.calendar;
  return { ...roles, calendar: hasTimes ? calendar : [], holidays: given.holidays ?? null };
}

/** How far a forecast looks back. */
interface Places {
  readonly window: number;
  readonly seasons: readonly number[];
  readonly lags: readonly number[];
  readonly needed: number;
}

function placesOf(set: SeriesSet, given: Given, trainRows: number): Places {
  const { horizon } = given;
  const asked = given.season === undefined ? seasonsOf(set.frequency) : [given.season].flat();
  const seasons = [...asked].sort((a, b) => a - b).filter((season) => trainRows >= 2 * season + horizon);
  const window = given.window ?? windowFor(horizon, seasons, trainRows);
  const longest = seasons.at(-1) ?? 0;
  const lags = given.lags ?? (longest >= horizon && longest > window ? [longest] : []);
  const early = lags.find((lag) => lag < horizon);
  if (early !== undefined) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `lags has ${early}, and the horizon is ${horizon}: what the target was ${early} rows before the last step is not known yet. Give ${horizon} or more.`,
    );
  }
  return { window, seasons, lags, needed: Math.max(window, ...lags, ...seasons) + 1 };
}

function tooShort(series: readonly Series[], given: Given, places: Places, trainRows: number): LstmkitError {
  const longest = series.reduce((one, other) => (other.length > one.length ? other : one));
  const { horizon, validation, test } = given;
  return new LstmkitError(
    "BAD_SERIES",
    `${seriesName(longest.id)} has ${longest.length} rows, of which ${Math.max(0, trainRows)} are to train on; wanted ${places.needed + horizon} of these at least: a window of ${places.window} rows, what was a season ago, and a horizon of ${horizon}; and ${horizon} rows each to validate (${validation}) and to test (${test}). Give more rows, a smaller window or horizon, or test: 0.`,
  );
}

async function framesFor(
  kit: Runtime,
  set: SeriesSet,
  own: readonly { readonly series: Series; readonly cut: Cut }[],
  columns: Columns,
  { normalization }: Given,
  ahead: number,
) {
  const scales: Scales[] = [];
  for (const { series, cut } of own) scales.push(await learnScales(kit, series, columns, cut.validation));
  const asksLog = typeof normalization === "object" && normalization.log === true;
  const mayLog = scales.every((one) => one.log !== null) && (normalization === "auto" || asksLog);
  if (asksLog && !mayLog) {
    throw new LstmkitError(
      "BAD_SERIES",
      "normalization has log: true, and some targets of the training part are not above 0. Leave it out, or shift the data.",
    );
  }
  const frames = async (log: boolean) => {
    const all: Frame[] = [];
    for (const [s, { series }] of own.entries()) {
      all.push(await frameOf(kit, set, series, columns, scales[s]!, { log, ahead }));
    }
    return all;
  };
  return { scales, plain: await frames(false), log: mayLog ? await frames(true) : null };
}

/** The ridges of all normalisations that are to be tried, and which of these a network is trained on. */
async function choose(
  job: Study,
  { normalization }: Given,
  middle: number,
): Promise<{ screened: Screened[]; candidates: Candidate[] }> {
  const { season, window } = job.layout;
  const logs = job.frames.log ? [false, true] : [false];
  if (normalization !== "auto") {
    const fixed: Normalization =
      typeof normalization === "string"
        ? { center: normalization, log: false, linear: false }
        : { center: "last", log: false, linear: false, ...normalization };
    if (fixed.center === "seasonal" && (season === 0 || season > window)) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `normalization is "seasonal", and ${season === 0 ? "no season is known" : `the season has ${season} rows, the window ${window}`}. Give season, and a window as long.`,
      );
    }
    const screened = await screen(job, [{ center: fixed.center, log: fixed.log }]);
    return { screened, candidates: [{ ...fixed, ridge: screened[0]!.mse, network: null }] };
  }
  const centers = [
    "last",
    "mean",
    "revin",
    "none",
    ...(season > 0 && season <= window ? ["seasonal"] : []),
  ] as const;
  const tried = centers.flatMap((center) =>
    logs.map((log) => ({ center: center as Normalization["center"], log })),
  );
  const screened = await screen(job, tried);
  return { screened, candidates: await search(job, screened, middle) };
}

const normalizationOf = ({ center, log, linear }: Candidate): Normalization => ({ center, log, linear });

const trainedTo = ({ times, length }: Series, row: number): number =>
  times ? (row < length ? times[row]! : Number.MAX_SAFE_INTEGER) : row;

/** What a forecast without data looks back on. */
function tailOf(set: SeriesSet, columns: Columns, most: number, horizon: number): SeriesSet {
  const series = set.series.map((one): Series => {
    const from = Math.max(0, one.length - most);
    const to = Math.min(one.rows, one.length + horizon, knownRows(one, columns));
    const names = namesIn(columns).map((name) => [name, one.columns[name]!.slice(from, to)]);
    return {
      ...{ id: one.id, length: one.length - from, rows: to - from },
      times: one.times ? one.times.slice(from, to) : null,
      columns: Object.fromEntries(names),
    };
  });
  return { series, frequency: set.frequency, timeZone: set.timeZone, findings: [] };
}

/** The scores of a model from some origins. */
async function scoresBy(
  kit: Runtime,
  known: Known<Learnt>,
  scene: Scene,
  name: ForecastModel,
  origins: Origins,
  breath: Breath,
) {
  const { quantiles, layout } = known.facts;
  const speaker = speakerOf(known, scene, name, breath);
  const said = await speaker.say(origins);
  const values = outputOf(
    said,
    speaker.outputs,
    name === "network" && quantiles ? quantiles.indexOf(0.5) : 0,
  );
  return measured(kit, speaker.frames, origins, values, { log: speaker.log, targets: layout.targets });
}

async function baselinesOf(
  kit: Runtime,
  model: Known["model"],
  facts: Learnt,
  scene: Scene,
  validation: Origins,
  seasons: readonly number[],
  breath: Breath,
): Promise<Omit<Baseline, "test">[]> {
  const origins = thinned(validation, CHOOSE_BY);
  const scores = (name: BaselineName, season: number) =>
    scoresBy(kit, { model, facts: { ...facts, season } }, scene, name, origins, breath);
  const found: Omit<Baseline, "test">[] = [{ name: "last", validation: await scores("last", 0) }];
  let best: { season: number; mse: number } | null = null;
  for (const season of seasons) {
    const { mse } = await scores("seasonal", season);
    if (best === null || mse < best.mse) best = { season, mse };
  }
  if (best) {
    const { season } = best;
    for (const name of ["seasonal", "seasonalDrift"] as const) {
      found.push({ name, season, validation: await scores(name, season) });
    }
  }
  found.push({ name: "drift", validation: await scores("drift", 0) });
  found.push({ name: "ridge", penalty: facts.ridge.ridge.penalty, validation: await scores("ridge", 0) });
  return found;
}

/** The last errors on rows that were not trained on: for forecasts without data, and for series that have none of their own. */
async function errorsOf(
  known: Known<Learnt>,
  scene: Scene,
  ranges: readonly { readonly from: number; readonly to: number }[],
  breath: Breath,
): Promise<KeptErrors[]> {
  const { layout, needed, calibration } = known.facts;
  const { horizon, targets } = layout;
  const speaker = speakerOf(known, scene, "network", breath);
  const each = horizon * targets * speaker.outputs;
  const most = Math.max(20, Math.min(calibration, Math.floor(MOST_KEPT / (each * ranges.length))));
  const kept: KeptErrors[] = [];
  for (const [s, { from, to }] of ranges.entries()) {
    const first = Math.max(needed, from, to - horizon - most + 1);
    const at = Int32Array.from({ length: Math.max(0, to - horizon - first + 1) }, (_, i) => first + i);
    const said = await speaker.say({ series: new Int32Array(at.length).fill(s), at });
    const errors = new Errors(horizon * targets, speaker.outputs, most);
    const frame = speaker.frames[s]!;
    for (let i = 0; i < at.length; i++) {
      errors.add(
        said,
        i * each,
        (place) => frame.targets[place % targets]![at[i]! + Math.floor(place / targets)]!,
      );
    }
    kept.push({ id: frame.id, knownTo: frame.times ? frame.times[to - 1]! : to, lists: errors.lists() });
  }
  return kept;
}

/** How forecasts do on the test part; null where there is none. */
async function test(
  kit: Runtime,
  known: Known<Learnt>,
  scene: Scene,
  own: readonly { readonly series: Series; readonly cut: Cut }[],
  breath: Breath,
): Promise<{
  origins: Origins;
  report: TestReport;
  baselines: Partial<Record<BaselineName, Baseline["test"]>>;
} | null> {
  const { facts } = known;
  const { layout, needed, levels } = facts;
  const { horizon } = layout;
  const wanted = own.map(({ series, cut }) => {
    const last = series.length - horizon;
    const first = Math.max(needed, cut.test, last - MOST_TESTED + 1);
    return Int32Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  });
  if (wanted.every((at) => at.length === 0)) return null;
  const measure = new Measure(scene, facts, levels);
  const models: ForecastModel[] = ["network", ...baselinesFor(facts)];
  for (const name of models) {
    const speaker = speakerOf(known, scene, name, breath);
    for (const [s, at] of wanted.entries()) {
      if (at.length === 0) continue;
      const own = name === "network" ? levels : [];
      measure.add(name, s, at, await sayRolling(kit, speaker, facts, scene, s, at, own, breath));
    }
  }
  const scores = models.map((name) => ({ name, ...measure.scores(name) }));
  return {
    origins: {
      series: Int32Array.from(wanted.flatMap((at, s) => Array.from(at, () => s))),
      at: Int32Array.from(wanted.flatMap((at) => [...at])),
    },
    report: {
      network: measure.scores("network"),
      intervals: measure.intervals(),
      best: scores.reduce((a, b) => (b.mse < a.mse ? b : a)).name,
    },
    baselines: Object.fromEntries(baselinesFor(facts).map((name) => [name, measure.scores(name)])),
  };
}

function partOf(
  own: readonly { readonly series: Series; readonly cut: Cut }[],
  origins: Origins,
  range: (cut: Cut, length: number) => readonly [number, number],
): PartReport {
  let [rows, from, to] = [0, Infinity, -Infinity];
  for (const { series, cut } of own) {
    const [a, b] = range(cut, series.length);
    rows += b - a;
    if (b <= a || !series.times) continue;
    from = Math.min(from, series.times[a]!);
    to = Math.max(to, series.times[b - 1]!);
  }
  const isTimed = from <= to;
  return { rows, windows: origins.at.length, from: isTimed ? from : null, to: isTimed ? to : null };
}

function leftOut(count: number): Finding[] {
  if (count === 0) return [];
  return [
    {
      code: "SHORT_SERIES",
      count,
      message: `${count} series have too few rows to be trained on; they are forecast by what was learnt from the others.`,
    },
  ];
}
