/** What a forecaster keeps in its model's file beside the network: all that a forecast needs, and nothing of the data but their end. */
import type { SeriesSet } from "../../data/series/series.ts";
import type { Model } from "../../index.ts";
import { isList, show } from "../../options.ts";
import { damaged, readTask, type TaskRecord } from "../task-file.ts";
import type { Columns } from "./columns.ts";
import type { Scales } from "./frame.ts";
import type { ForecastReport } from "./report.ts";
import type { Ridge } from "./ridge.ts";
import type { Center, Normalization } from "./settings.ts";
import type { Layout } from "./windows.ts";

/** What is known of one series. */
export interface SeriesFacts {
  readonly scales: Scales;
  /** Behind the training part: the first time of the validation part, or its row where rows are numbered. */
  readonly trainedTo: number;
}

/** Errors of one series, in the scale that the network reads: by place and output, oldest first. */
export interface KeptErrors {
  readonly id: string;
  /** The time of the last row that one of them is about; how many rows there were where they are numbered. */
  readonly knownTo: number;
  readonly lists: readonly (readonly number[])[];
}

/** All that a forecaster knows beside the weights. */
export interface ForecastFacts {
  readonly columns: Columns;
  readonly frequency: SeriesSet["frequency"];
  readonly timeZone: string | null;
  readonly layout: Omit<Layout, "center">;
  /** Rows that have to be before an origin. */
  readonly needed: number;
  readonly normalization: Normalization;
  /** The size of what the network says; 0 where nothing of it is taken. */
  readonly gain: number;
  readonly ridge: { readonly center: Center; readonly log: boolean; readonly ridge: Ridge };
  /** Of the two seasonal baselines. */
  readonly season: number;
  /** Ascending; null where the network says a mean, or a median. */
  readonly quantiles: readonly number[] | null;
  readonly levels: readonly number[];
  readonly calibration: number;
  readonly series: Readonly<Record<string, SeriesFacts>>;
  /** The network's last errors on rows that it was not trained on, of each series. */
  readonly errors: readonly KeptErrors[];
  /** The end of each series: what a forecast looks back on. */
  readonly tail: SeriesSet;
  readonly report: ForecastReport;
}

/** What forecasts go by. */
export type Learnt = Omit<ForecastFacts, "report">;

/** A network, and what has to be known beside it. */
export interface Known<Facts = ForecastFacts> {
  readonly model: Model;
  readonly facts: Facts;
}

interface Packed {
  readonly facts: Omit<ForecastFacts, "ridge" | "errors" | "tail">;
  readonly ridge: Omit<ForecastFacts["ridge"], "ridge"> & { readonly rows: number; readonly penalty: number };
  readonly weights: string;
  readonly errors: readonly {
    readonly id: string;
    readonly knownTo: number;
    readonly lengths: readonly number[];
    readonly data: string;
  }[];
  readonly tail: {
    readonly id: string;
    readonly length: number;
    readonly rows: number;
    readonly times: string | null;
    readonly columns: Readonly<Record<string, string>>;
  }[];
}

type ForecastRecord = TaskRecord & Packed;

/** The record of a forecaster: plain data. */
export function recordOf({ ridge, errors, tail, ...facts }: ForecastFacts): ForecastRecord {
  return {
    task: "forecast",
    version: 1,
    facts,
    ridge: { center: ridge.center, log: ridge.log, rows: ridge.ridge.rows, penalty: ridge.ridge.penalty },
    weights: packed(ridge.ridge.weights),
    errors: errors.map(({ id, knownTo, lists }) => ({
      ...{ id, knownTo, lengths: lists.map((own) => own.length) },
      data: packed(Float64Array.from(lists.flat())),
    })),
    tail: tail.series.map(({ id, length, rows, times, columns }) => ({
      ...{ id, length, rows },
      times: times && packed(times),
      columns: Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, packed(values)])),
    })),
  };
}

/** @throws BAD_MODEL_FILE for a model of another task, of none, or whose record contradicts itself */
export function readRecord(model: Model): ForecastFacts {
  const record = readTask(model) as Partial<ForecastRecord> | undefined;
  if (record?.task !== "forecast") {
    const found = record ? `names the task ${show(record.task)}` : "is not there";
    throw damaged(`${found}; wanted a file of train --task forecast, or of forecaster().save()`);
  }
  if (record.version !== 1) throw damaged(`has the version ${show(record.version)}; this release reads 1`);
  try {
    return unpackedFacts(record as ForecastRecord, model);
  } catch (cause) {
    throw damaged(
      `lacks what a forecaster keeps (${cause instanceof Error ? cause.message.slice(0, 200) : ""})`,
    );
  }
}

function unpackedFacts({ facts, ridge, weights, errors, tail }: ForecastRecord, model: Model): ForecastFacts {
  const { layout, columns, needed, gain, levels, series, frequency, timeZone } = facts;
  const { window, horizon, targets, past, known, lags, season } = layout;
  const isCount = (value: unknown, least: number) => Number.isSafeInteger(value) && Number(value) >= least;
  want(isCount(window, 1) && isCount(horizon, 1) && isCount(targets, 1), "sizes");
  want(isCount(past, 0) && isCount(known, 0) && isCount(season, 0) && isList(lags), "sizes");
  want(
    lags.every((lag) => isCount(lag, horizon)),
    "lags",
  );
  want(isCount(needed, Math.max(window, ...lags)), "rows that are needed");
  want(columns.target.length === targets && columns.past.length === past, "columns");
  want(isList(levels) && levels.every((level) => level > 0 && level < 1), "levels");
  want(Number.isFinite(gain) && gain >= 0, "the size of what was learnt");
  want(typeof series === "object" && series !== null && typeof facts.report === "object", "series");
  const first = model.layers[0] as { inputShape?: readonly (number | null)[] };
  want(
    first.inputShape?.[0] === window && first.inputShape[1] === targets + past + known,
    "a network of its window",
  );
  const own = floats(weights);
  const size = horizon * targets * ((targets + past) * ridge.rows + 1 + known + lags.length * targets);
  want(isCount(ridge.rows, 1) && ridge.rows <= window && own.length === size, "its ridge");
  const kept = errors.map(({ id, knownTo, lengths, data }): KeptErrors => {
    const all = doubles(data);
    want(lengths.reduce((a, b) => a + b, 0) === all.length, "its errors");
    want(typeof id === "string" && Number.isFinite(knownTo) && all.every(Number.isFinite), "its errors");
    let at = 0;
    const lists = lengths.map((length) => {
      at += length;
      return Array.from(all.subarray(at - length, at));
    });
    return { id, knownTo, lists };
  });
  return {
    ...facts,
    ridge: {
      center: ridge.center,
      log: ridge.log,
      ridge: { rows: ridge.rows, penalty: ridge.penalty, weights: own },
    },
    errors: kept,
    tail: {
      ...{ frequency, timeZone, findings: [] },
      series: tail.map(({ id, length, rows, times, columns: packedColumns }) => {
        const unpackedColumns = Object.fromEntries(
          Object.entries(packedColumns).map(([name, data]) => [name, doubles(data)]),
        );
        want(
          Object.values(unpackedColumns).every((column) => column.length === rows),
          "the end of its series",
        );
        want(isCount(length, 0) && length <= rows, "the end of its series");
        return {
          ...{ id, length, rows },
          times: times === null ? null : doubles(times),
          columns: unpackedColumns,
        };
      }),
    },
  };
}

function want(is: boolean, what: string): void {
  if (!is) throw new Error(what);
}

/** Little-endian numbers in base64, which JSON holds to the bit. */
function packed(values: Float32Array | Float64Array): string {
  const size = values.BYTES_PER_ELEMENT;
  const view = new DataView(new ArrayBuffer(values.length * size));
  for (let i = 0; i < values.length; i++) {
    if (size === 4) view.setFloat32(i * 4, values[i]!, true);
    else view.setFloat64(i * 8, values[i]!, true);
  }
  const bytes = new Uint8Array(view.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

const viewOf = (text: string) =>
  new DataView(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)).buffer);

function floats(text: string): Float32Array {
  const view = viewOf(text);
  return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(i * 4, true));
}

function doubles(text: string): Float64Array {
  const view = viewOf(text);
  return Float64Array.from({ length: view.byteLength / 8 }, (_, i) => view.getFloat64(i * 8, true));
}
