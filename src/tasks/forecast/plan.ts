/**
 * What a fit goes by before anything is learnt: which columns are read, how far a forecast looks back, where the data are cut,
 * scales and frames, and the sizes that were not given.
 */
import { calendarFeatures } from "../../data/series/calendar.ts";
import { counted } from "../../data/series/places.ts";
import type { Series, SeriesSet } from "../../data/series/series.ts";
import { LstmkitError } from "../../errors.ts";
import type { CompileOptions, Runtime } from "../../index.ts";
import { checkOptions } from "../../options.ts";
import type { Breath } from "./breath.ts";
import type { ForecastHooks } from "./calls.ts";
import type { Extras } from "./choose.ts";
import { type Columns, rolesOf, seriesName } from "./columns.ts";
import { type Frame, frameOf, learnScales, onLogs, type Scales } from "./frame.ts";
import type { Study } from "./learn.ts";
import { type Cut, cutsOf, type Origins, originsIn, stretchesOf } from "./parts.ts";
import { seasonsOf, windowFor } from "./seasons.ts";
import { FORECASTER_OPTIONS, type ForecasterOptions } from "./settings.ts";

/** Windows that are learnt from at most, evenly spread: more tell little. */
const MOST_WINDOWS = 50_000;
/** Rows of windows that an epoch reads at most: others in each, so that a long series takes minutes and no more. */
const MOST_ROWS = 2_400_000;

/** Options, checked, with their defaults. */
export type Given = ReturnType<typeof checkOptions<ForecasterOptions, typeof FORECASTER_OPTIONS>>;

/** A series that is trained on, and where it is cut. */
export interface Own {
  readonly series: Series;
  readonly cut: Cut;
}

/** All that is settled before anything is learnt. */
export interface Plan {
  readonly given: Given;
  /** With the whole calendar that suits the data. */
  readonly columns: Columns;
  readonly places: Places;
  readonly own: readonly Own[];
  readonly scales: readonly Scales[];
  /** Ascending; null where a mean or a median is learnt. */
  readonly quantiles: readonly number[] | null;
  readonly study: Study;
  /** What may be left out of what is read: what was not asked for. */
  readonly mayDrop: Extras;
}

/** @throws BAD_SERIES, BAD_ARGUMENT */
export async function planOf(
  kit: Runtime,
  options: ForecasterOptions,
  set: SeriesSet,
  hooks: ForecastHooks,
  breath: Breath,
): Promise<Plan> {
  const given = checkOptions<ForecasterOptions, typeof FORECASTER_OPTIONS>(
    "forecaster()",
    options,
    FORECASTER_OPTIONS,
  );
  const { horizon } = given;
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
  const origins = (from: (cut: Cut) => number, to: (cut: Cut) => number, most?: number): Origins =>
    originsIn(
      own.map(({ cut }) => ({ from: from(cut), to: to(cut) })),
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
  const wholeBatches = Math.floor(MOST_ROWS / (window + horizon) / batchSize) * batchSize;
  const perEpoch = Math.min(n, Math.max(batchSize, wholeBatches));
  const epochs = given.epochs ?? Math.min(80, Math.max(12, Math.ceil(1600 / Math.ceil(n / batchSize))));
  const units = given.units ?? (n >= 1500 ? 64 : n >= 200 ? 32 : 16);
  const study: Study = {
    ...{ kit, needed, train, validation, loss, batchSize, perEpoch, epochs, hooks, breath },
    frames: { plain, log },
    layout: {
      ...{ window, horizon, lags: places.lags },
      targets: columns.target.length,
      past: columns.past.length,
      known: plain[0]!.known.length,
      season: places.seasons[0] ?? 0,
    },
    stretches: stretchesOf(
      own.map(({ series }) => series),
      own.map(({ cut }) => cut),
      { needed, horizon },
    ),
    shape: {
      ...{ cell: given.cell, units, layers: given.layers, dropout: given.dropout },
      outputs: quantiles?.length ?? 1,
    },
    learningRate: given.learningRate,
    patience: given.patience ?? Math.max(3, Math.ceil(epochs / 5)),
    seed: given.seed,
  };
  const mayDrop = { calendar: given.calendar === true, lags: given.lags === undefined };
  return { given, columns, places, own, scales, quantiles, study, mayDrop };
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
export interface Places {
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
      `lags has ${early}, and the horizon is ${horizon}: what the target was ${counted(early, "row")} before the last step is not known yet. Give ${horizon} or more.`,
    );
  }
  return { window, seasons, lags, needed: Math.max(window, ...lags, ...seasons) + 1 };
}

function tooShort(series: readonly Series[], given: Given, places: Places, trainRows: number): LstmkitError {
  const longest = series.reduce((one, other) => (other.length > one.length ? other : one));
  const { horizon, validation, test } = given;
  return new LstmkitError(
    "BAD_SERIES",
    `${seriesName(longest.id)} has ${counted(longest.length, "row")}, of which ${Math.max(0, trainRows)} are to train on; wanted ${places.needed + horizon} of these at least: a window of ${places.window} rows, what was a season ago, and a horizon of ${horizon}; and ${counted(horizon, "row")} each to validate (${validation}) and to test (${test}). Give more rows, a smaller window or horizon, or test: 0.`,
  );
}

async function framesFor(
  kit: Runtime,
  set: SeriesSet,
  own: readonly Own[],
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
  const plain: Frame[] = [];
  const log: Frame[] = [];
  for (const [s, { series }] of own.entries()) {
    const frame = await frameOf(kit, set, series, columns, scales[s]!, ahead);
    plain.push(frame);
    if (mayLog) log.push(await onLogs(kit, frame));
  }
  return { scales, plain, log: mayLog ? log : null };
}
