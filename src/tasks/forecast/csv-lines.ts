/** A forecast as lines of CSV. */
import { type Times, timeWriter } from "../../data/series/time-writer.ts";
import type { Forecast } from "./report.ts";

/** Rows of CSV with a header: series and target where there are several, then time, forecast and intervals. */
export function csvLines(forecast: Forecast, times: Times): string[] {
  const write = timeWriter(times);
  const { series, levels } = forecast;
  const hasIds = series.length > 1 || series.some(({ id }) => id !== "");
  const hasTargets = new Set(series.flatMap(({ rows }) => rows.map(({ target }) => target))).size > 1;
  const bounds = levels.flatMap((level) => {
    const name = String(Number((level * 100).toPrecision(6)));
    return [`low_${name}`, `high_${name}`];
  });
  const head = [
    ...(hasIds ? ["series"] : []),
    ...(hasTargets ? ["target"] : []),
    "time",
    "forecast",
    ...bounds,
  ];
  const lines = [head.join(",")];
  for (const { id, rows } of series) {
    for (const { step, time, target, value, intervals } of rows) {
      const cells = [
        ...(hasIds ? [quoted(id)] : []),
        ...(hasTargets ? [quoted(target)] : []),
        time === null ? String(step) : write(time),
        String(value),
        ...intervals.flatMap(({ lower, upper }) => [String(lower), String(upper)]),
      ];
      lines.push(cells.join(","));
    }
  }
  return lines;
}

const quoted = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
