/** The worker of the place that forecasts: files are read here, and models trained. */
import { expose, transfer } from "comlink";
import { LstmkitError } from "lstmkit";
import type { Finding, SeriesCsvOptions, SeriesSet } from "lstmkit/data";
import {
  type Backtest,
  type Forecast,
  type Forecaster,
  type ForecasterOptions,
  type ForecastProgress,
  type ForecastReport,
  forecaster,
  loadForecaster,
} from "lstmkit/tasks";
import { timeWriter } from "../../../src/data/series/time-writer.ts";
import { Zone } from "../../../src/data/series/zone.ts";
import { csvLines } from "../../../src/tasks/forecast/csv-lines.ts";
import shippedAddress from "../../models/forecast.safetensors?url";
import { fetchOwn } from "../fetch-own.ts";
import { Keeper } from "../tasks/keeper.ts";
import { type Data, SeriesFile } from "../tasks/series-file.ts";

/** What a training is asked for. */
export interface TrainRequest {
  readonly data: Data;
  readonly reading: SeriesCsvOptions;
  readonly options: Omit<ForecasterOptions, "holidays">;
  /** A country or a part of it; "" for none. */
  readonly holidays: string;
  readonly threads: number | "auto";
}

/** A model that is there, and the set that it is shown with. */
export interface Opened {
  readonly report: ForecastReport;
  readonly series: readonly { readonly id: string; readonly length: number; readonly first: number }[];
  readonly findings: readonly Finding[];
}

/** A forecast from one origin, to be drawn: x in milliseconds as a clock shows them, or numbers of rows. */
export interface ForecastPicture {
  readonly forecast: Forecast;
  readonly isTime: boolean;
  readonly past: { readonly x: readonly number[]; readonly values: readonly number[] };
  readonly steps: readonly {
    readonly x: number;
    readonly value: number;
    /** What came; null where nobody knows yet. */
    readonly actual: number | null;
    readonly bounds: readonly { readonly level: number; readonly lower: number; readonly upper: number }[];
  }[];
  /** In words: the time of each x, past and steps. */
  readonly places: readonly string[];
}

interface Made {
  readonly model: Forecaster;
  readonly set: SeriesSet;
}

/** Where the validation part begins by default: before it forecasts would be of what was learnt. */
const UNLEARNT = 0.7;

const keeper = new Keeper<Made>();
const files = new SeriesFile();

/** The model that comes with the page. @throws OFFLINE */
async function openShipped(): Promise<Opened> {
  const file = await fetchOwn(shippedAddress);
  const set = await files.set("births", {});
  return opened(await keeper.first(async (kit) => ({ model: await loadForecaster(kit, file), set })));
}

/** @throws what reading the data and fit() throw; ABORTED */
async function train(
  { data, reading, options, holidays, threads }: TrainRequest,
  onProgress: (progress: ForecastProgress) => void,
): Promise<Opened> {
  const made = await keeper.replace(threads, async (kit, signal) => {
    const set = await files.set(data, reading);
    const model = forecaster(kit, {
      ...options,
      ...(holidays && { holidays: await holidaysOf(holidays, set) }),
    });
    await model.fit(set, { signal, onEpochEnd: onProgress });
    return { model, set };
  });
  return opened(made);
}

/** As the command line takes them: from the year before the data to twenty behind them. */
async function holidaysOf(place: string, { series }: SeriesSet) {
  const times = series.flatMap(({ times }) => (times ? [times[0]!, times.at(-1)!] : []));
  if (times.length === 0)
    throw new LstmkitError("BAD_ARGUMENT", "holidays are for rows with times; wanted a column of them.");
  const yearOf = (time: number) => new Date(time).getUTCFullYear();
  const { publicHolidays } = await import("lstmkit/holidays");
  const from = Math.max(1900, yearOf(Math.min(...times)) - 1);
  const to = Math.min(2399, yearOf(Math.max(...times)) + 20);
  return publicHolidays(place, { from, to, observances: true });
}

/** A model's file; it is shown with the data that were chosen. @throws BAD_MODEL_FILE, BAD_SERIES */
async function load(file: File, data: Data, reading: SeriesCsvOptions): Promise<Opened> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const made = await keeper.replace("auto", async (kit) => {
    const model = await loadForecaster(kit, bytes);
    const { target, known, past } = model.report!.columns; // it was loaded
    // Lists of none are no option.
    const set = await files.set(data, {
      ...reading,
      target,
      ...(known.length > 0 && { known }),
      ...(past.length > 0 && { past }),
    });
    await model.predict(set); // whether they go together
    return { model, set };
  });
  return opened(made);
}

function opened({ model, set }: Made): Opened {
  const report = model.report!;
  return {
    report,
    series: set.series.map(({ id, length }) => ({
      id,
      length,
      first: Math.min(Math.ceil(UNLEARNT * length), length),
    })),
    findings: [...set.findings, ...report.findings],
  };
}

/** The forecast of one series from a row on; behind its end where the row is its length. */
async function picture(series: number, row: number, target: string): Promise<ForecastPicture> {
  const { model, set } = keeper.made;
  const one = set.series[series]!;
  const isEnd = row >= one.length;
  const origin = one.times ? new Date(one.times[row]!) : row;
  const forecast = await model.predict(set, isEnd ? {} : { origin });
  const own = forecast.series.find(({ id }) => id === one.id)!;
  const zone = set.timeZone === null ? undefined : new Zone(set.timeZone);
  const write = timeWriter(set);
  const clock = (time: number) => (zone ? zone.clock(time) : time);
  const first = Math.max(0, row - model.report!.window - 2 * forecast.horizon);
  const xOf = (at: number, time: number | null | undefined) => (time == null ? at + 1 : clock(time));
  const actual = one.columns[target]!;
  const pastRows = Array.from({ length: row - first }, (_, i) => first + i);
  const rows = own.rows.filter((step) => step.target === target);
  return {
    forecast,
    isTime: one.times !== null,
    past: { x: pastRows.map((at) => xOf(at, one.times?.[at])), values: pastRows.map((at) => actual[at]!) },
    steps: rows.map(({ step, time, value, intervals }) => {
      const at = row + step - 1;
      const came = at < one.length ? actual[at]! : Number.NaN;
      return { x: xOf(at, time), value, actual: Number.isNaN(came) ? null : came, bounds: intervals };
    }),
    places: [
      ...pastRows.map((at) => (one.times ? write(one.times[at]!) : String(at + 1))),
      ...rows.map(({ step, time }) => (time === null ? String(row + step) : write(time))),
    ],
  };
}

/** As `lstmkit backtest` does it. */
async function backtest(): Promise<Backtest> {
  const { model, set } = keeper.made;
  return model.evaluate(set);
}

/** The forecast behind the end of every series, as `lstmkit forecast --out forecast.csv` writes it. */
async function csv(): Promise<string> {
  const { model, set } = keeper.made;
  return `${csvLines(await model.predict(set), set).join("\n")}\n`;
}

async function save(): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await keeper.made.model.save();
  return transfer(bytes, [bytes.buffer]);
}

const calls = {
  give: (file: File) => files.give(file),
  openShipped,
  train,
  load,
  picture,
  backtest,
  csv,
  save,
  stop: async () => keeper.stop(),
};

export type ForecastCalls = typeof calls;

expose(calls);
