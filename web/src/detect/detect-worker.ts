/** The worker of the place that watches a series. */
import { expose, transfer } from "comlink";
import type { Finding, SeriesCsvOptions, SeriesSet } from "lstmkit/data";
import {
  type Detector,
  type DetectorOptions,
  type DetectProgress,
  type DetectReport,
  type DetectResult,
  detector,
  loadDetector,
} from "lstmkit/tasks";
import { timeWriter } from "../../../src/data/series/time-writer.ts";
import { Zone } from "../../../src/data/series/zone.ts";
import shippedAddress from "../../models/detect.safetensors?url";
import { fetchOwn } from "../fetch-own.ts";
import { Keeper } from "../tasks/keeper.ts";
import { type Data, SeriesFile } from "../tasks/series-file.ts";

/** What a training is asked for. */
export interface TrainRequest {
  readonly data: Data;
  readonly reading: SeriesCsvOptions;
  readonly options: DetectorOptions;
  readonly threads: number | "auto";
}

/** A model that is there, and the set that it watches. */
export interface Opened {
  readonly report: DetectReport;
  readonly series: readonly string[];
  readonly findings: readonly Finding[];
  /** Whether the rows that are watched are those that it has learnt from. */
  readonly isOwn: boolean;
  /** Below this no p-value can be. */
  readonly least: number;
}

/** A row that was looked at. */
export interface WatchedRow {
  /** Milliseconds as a clock shows them, or the number of the row. */
  readonly x: number;
  /** In words. */
  readonly place: string;
  readonly value: number | null;
  readonly expected: number | null;
  readonly p: number | null;
  readonly alarm: boolean;
}

interface Made {
  readonly model: Detector;
  readonly set: SeriesSet;
  readonly isOwn: boolean;
}

/** Days at the end of births that the page's own model has not seen. */
const UNSEEN = 730;

const keeper = new Keeper<Made>();
const files = new SeriesFile();

/** The model that comes with the page, and the days behind those that it has learnt. @throws OFFLINE */
async function openShipped(): Promise<Opened> {
  const file = await fetchOwn(shippedAddress);
  const births = await files.set("births", {});
  const all = births.series[0]!;
  const set = { ...births, series: [rowsFrom(all, all.length - UNSEEN)] };
  return opened(
    await keeper.first(async (kit) => ({ model: await loadDetector(kit, file), set, isOwn: false })),
  );
}

function rowsFrom(all: SeriesSet["series"][number], from: number): SeriesSet["series"][number] {
  const columns = Object.entries(all.columns).map(([name, column]) => [name, column.slice(from)]);
  return {
    ...all,
    length: all.length - from,
    rows: all.rows - from,
    times: all.times?.slice(from) ?? null,
    columns: Object.fromEntries(columns),
  };
}

/** @throws what reading the data and fit() throw; ABORTED */
async function train(
  { data, reading, options, threads }: TrainRequest,
  onProgress: (progress: DetectProgress) => void,
): Promise<Opened> {
  const made = await keeper.replace(threads, async (kit, signal) => {
    const set = await files.set(data, reading);
    const model = detector(kit, options);
    await model.fit(set, { signal, onEpochEnd: onProgress });
    return { model, set, isOwn: true };
  });
  return opened(made);
}

/** A model's file; it watches the data that were chosen. @throws BAD_MODEL_FILE, BAD_SERIES */
async function load(file: File, data: Data, reading: SeriesCsvOptions): Promise<Opened> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const made = await keeper.replace("auto", async (kit) => {
    const model = await loadDetector(kit, bytes);
    const set = await files.set(data, { ...reading, target: model.report!.target }); // it was loaded
    return { model, set, isOwn: false };
  });
  return opened(made);
}

/** Rows of another file, by the model that is there. @throws NOT_FITTED; what reading the file throws */
async function watchFile(file: File, reading: SeriesCsvOptions): Promise<Opened> {
  const { made } = keeper;
  const other = new SeriesFile();
  await other.give(file);
  const set = await other.set("own", { ...reading, target: made.model.report!.target });
  await made.model.predict(set); // whether they go together
  return opened(keeper.exchange({ ...made, set, isOwn: false }));
}

function opened({ model, set, isOwn }: Made): Opened {
  const report = model.report!;
  return {
    report,
    series: set.series.map(({ id }) => id),
    findings: [...set.findings, ...report.findings],
    isOwn,
    least: 1 / (report.calibration + 1),
  };
}

/** What a stream says of all rows of one series. @throws BAD_ARGUMENT for an alpha that there are too few errors for */
async function watch(series: number, alpha: number): Promise<WatchedRow[]> {
  const { model, set } = keeper.made;
  const results = await model.predict({ ...set, series: [set.series[series]!] }, { alpha });
  const write = timeWriter(set);
  const zone = set.timeZone === null ? undefined : new Zone(set.timeZone);
  return results[0]!.map(({ time, value, expected, p, alarm }: DetectResult, i) => ({
    x: time === null ? i + 1 : zone ? zone.clock(time) : time,
    place: time === null ? String(i + 1) : write(time),
    ...{ value, expected, p, alarm },
  }));
}

async function save(): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await keeper.made.model.save();
  return transfer(bytes, [bytes.buffer]);
}

const calls = {
  give: (file: File) => files.give(file),
  ...{ openShipped, train, load, watchFile, watch, save },
  stop: async () => keeper.stop(),
};

export type DetectCalls = typeof calls;

expose(calls);
