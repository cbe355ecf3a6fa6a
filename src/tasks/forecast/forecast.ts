/** A forecast of what comes behind the last row. */

import { counted } from "../../data/series/places.ts";
import type { Finding, Series, SeriesSet } from "../../data/series/series.ts";
import { LstmkitError } from "../../errors.ts";
import type { Runtime } from "../../index.ts";
import { show } from "../../options.ts";
import type { Breath } from "./breath.ts";
import type { ForecastOptions } from "./calls.ts";
import { seriesName } from "./columns.ts";
import { placeOf } from "./parts.ts";
import type { ForecastFacts, Known } from "./record.ts";
import type { Forecast, ForecastModel, ForecastRow, SeriesForecast } from "./report.ts";
import { type Said, sayRolling, sceneOf, speakerOf } from "./speak.ts";

/** @throws BAD_SERIES, BAD_ARGUMENT, ABORTED */
export async function forecast(
  kit: Runtime,
  known: Known,
  given: SeriesSet | undefined,
  options: ForecastOptions,
  breath: Breath,
): Promise<Forecast> {
  const { facts } = known;
  const { layout, needed, columns } = facts;
  const horizon = horizonOf(options.horizon, layout.horizon);
  const levels = options.levels ?? facts.levels;
  const whole = given ?? facts.tail;
  const set = { ...whole, series: whole.series.map((series) => cutAt(series, options.origin)) };
  for (const { id, length } of set.series) {
    if (length >= needed) continue;
    throw new LstmkitError(
      "BAD_SERIES",
      `${seriesName(id)} has ${counted(length, "row")} before the forecast begins; wanted ${needed}: a window of ${layout.window}, and what was a season ago. Give more of the past.`,
    );
  }
  const read = await sceneOf(kit, facts, set, (length) => length);
  // Of the end that a file keeps, the file has the errors too, and more of them.
  const isTail = !given && options.origin === undefined;
  const scene = given ? read : { ...read, isTail, unseen: set.series.map(({ length }) => length) };
  for (const [i, { rows, length }] of scene.plain.entries()) {
    if (rows >= length + horizon) continue;
    throw new LstmkitError(
      "BAD_SERIES",
      `${seriesName(set.series[i]!.id)} has ${columns.known.map(show).join(", ")} for ${counted(rows - length, "row")} behind its last target; wanted ${horizon}, the horizon. Add rows with a time and these columns, and no target.`,
    );
  }
  const name = modelOf(options.model, facts);
  const speaker = speakerOf(known, scene, name, breath, options.signal);
  const findings = [...set.findings, ...strangersIn(scene.strangers)];
  const series = [];
  for (const [s, { id, length }] of set.series.entries()) {
    const said = await sayRolling(kit, speaker, facts, scene, s, Int32Array.of(length), levels, breath);
    if (!said.bounds) findings.push(noIntervals(id));
    const { times } = scene.plain[s]!;
    series.push({
      id,
      from: times ? times[length - 1]! : null,
      past: pastOf(set.series[s]!, columns.target, rowsToShow(layout)),
      rows: rowsOf(said, facts, levels, horizon, (step) => (times ? times[length + step]! : null)),
    });
  }
  return { model: name, horizon, levels, series, findings };
}

/** Rows of the past that a forecast tells. */
export const rowsToShow = ({ horizon, window }: Pick<ForecastFacts["layout"], "horizon" | "window">) =>
  3 * horizon + window;

function pastOf(
  { times, length, columns }: Series,
  targets: readonly string[],
  most: number,
): SeriesForecast["past"] {
  const last = (values: Float64Array) => Array.from(values.subarray(Math.max(0, length - most), length));
  return {
    times: times && last(times),
    columns: Object.fromEntries(targets.map((name) => [name, last(columns[name]!)])),
  };
}

/** @throws BAD_ARGUMENT */
function horizonOf(given: number | undefined, most: number): number {
  if (given === undefined || given <= most) return given ?? most;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `horizon is ${given}; the forecaster was trained for ${most} rows at most. Train one for ${given}.`,
  );
}

export const modelOf = (
  given: ForecastModel | "best" = "network",
  { report }: ForecastFacts,
): ForecastModel => (given === "best" ? report.best : given);

/** As if only the rows before the origin were known. @throws BAD_ARGUMENT */
function cutAt(series: Series, origin: ForecastOptions["origin"]): Series {
  if (origin === undefined) return series;
  const length = typeof origin === "number" ? origin : rowOf(series, origin);
  if (length >= 0 && length <= series.length) return { ...series, length };
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `origin is ${show(origin)}; ${seriesName(series.id)} has rows 0 to ${series.length}.`,
  );
}

function rowOf({ id, times, length }: Series, origin: Date | string): number {
  const time = typeof origin === "string" ? Date.parse(origin) : origin.getTime();
  if (times && Number.isFinite(time)) return placeOf(times, length, time);
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `origin is ${show(origin)}; wanted ${times ? 'a date such as "2024-05-01"' : `a number of rows, as ${seriesName(id)} has no times`}.`,
  );
}

function rowsOf(
  { values, bounds }: Said,
  { layout, columns }: ForecastFacts,
  levels: readonly number[],
  horizon: number,
  timeOf: (step: number) => number | null,
): ForecastRow[] {
  const { targets } = layout;
  return Array.from({ length: horizon * targets }, (_, place) => {
    const step = Math.floor(place / targets);
    return {
      step: step + 1,
      time: timeOf(step),
      target: columns.target[place % targets]!,
      value: values[place]!,
      intervals: bounds
        ? levels.map((level, l) => {
            const at = (place * levels.length + l) * 2;
            return { level, lower: bounds[at]!, upper: bounds[at + 1]! };
          })
        : [],
    };
  });
}

export function strangersIn(ids: readonly string[]): Finding[] {
  if (ids.length === 0) return [];
  return [
    {
      code: "NEW_SERIES",
      count: ids.length,
      message: `${ids.length} series that the forecaster was not trained on, such as ${show(ids[0])}, were scaled by their own past.`,
    },
  ];
}

export const noIntervals = (id: string): Finding => ({
  code: "NO_INTERVALS",
  count: 1,
  message: `${seriesName(id)} has no rows behind those of training to take errors from: it has no intervals.`,
});
