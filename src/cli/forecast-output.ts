/** A forecast as JSON, and as something to look at. */
import { isOfDays } from "../data/series/frequency.ts";
import { type Times, timeWriter } from "../data/series/time-writer.ts";
import { Zone } from "../data/series/zone.ts";
import type { ForecastPanel, ForecastView } from "../picture/forecast-view.ts";
import type { Forecast, SeriesForecast } from "../tasks/index.ts";
import { modelName } from "./forecast-report.ts";

/** The same as plain data, times as text. */
export function forecastJson(forecast: Forecast, times: Times): Record<string, unknown> {
  const write = timeWriter(times);
  const of = (time: number | null) => (time === null ? null : write(time));
  return {
    ...forecast,
    series: forecast.series.map(({ id, from, past, rows }) => ({
      id,
      from: of(from),
      past: { ...past, times: past.times?.map(of) ?? null },
      rows: rows.map((row) => ({ ...row, time: of(row.time) })),
    })),
  };
}

/** So many times the horizon of what has been is drawn. */
const PAST = 3;
/** Rows of the past at least. */
const LEAST_PAST = 24;

/**
 * What is drawn of a forecast.
 */
export function forecastView(forecast: Forecast, times: Times): ForecastView {
  const write = timeWriter(isShort(times) ? { ...times, timeZone: null } : times);
  const zone = times.timeZone === null ? undefined : new Zone(times.timeZone);
  const label = (time: number) => write(zone ? zone.clock(time) : time);
  const panels = forecast.series.flatMap((of) => {
    const targets = [...new Set(of.rows.map(({ target }) => target))];
    return targets.map((target) => panelOf(of, target, targets.length > 1, label));
  });
  const { model, horizon, series } = forecast;
  const targets = [...new Set(series.flatMap(({ rows }) => rows.map(({ target }) => target)))];
  const time = series[0]?.rows[0]?.time;
  const from = time === null || time === undefined ? "" : ` from ${label(time)} on`;
  const by = model === "network" ? "" : `, by the ${modelName(model)}`;
  return { title: `${targets.join(", ")}: ${horizon} ${horizon === 1 ? "row" : "rows"}${from}${by}`, panels };
}

const isShort = ({ frequency }: Times) => frequency !== null && !isOfDays(frequency);

function panelOf(
  { id, rows, past: before }: SeriesForecast,
  target: string,
  isOneOfSeveral: boolean,
  label: (time: number) => string,
): ForecastPanel {
  const own = rows.filter((row) => row.target === target);
  const most = Math.max(own.length * PAST, LEAST_PAST);
  const past = before.columns[target]!.slice(-most);
  const pastTimes = before.times?.slice(-most);
  const levels = own[0]?.intervals.map(({ level }) => level) ?? [];
  const bands = levels
    .map((level, i) => ({
      level,
      lower: own.map(({ intervals }) => intervals[i]!.lower),
      upper: own.map(({ intervals }) => intervals[i]!.upper),
    }))
    .sort((a, b) => b.level - a.level);
  return {
    name: [id, ...(isOneOfSeveral ? [target] : [])].filter((part) => part !== "").join(", "),
    past,
    values: own.map(({ value }) => value),
    bands,
    labelOf: (row) => {
      const time = row < 0 ? pastTimes?.[past.length + row] : own[row]?.time;
      return time === undefined || time === null ? String(row + 1) : label(time);
    },
  };
}
