/** What a forecaster reaches: ETTh1, daily births in the United States, CO2. */
import { publicHolidays } from "../../src/data/holidays/index.ts";
import { type SeriesSet, seriesFromCsv } from "../../src/data/index.ts";
import { loadBirths } from "../../src/node.ts";
import { type ForecasterOptions, type ForecastReport, forecaster } from "../../src/tasks/index.ts";
import type { AccuracyCase, Figure } from "../accuracy.ts";
import { dataFile } from "./data.ts";

const HOURS = 30 * 24;
// Training before 2011, validation 2011 and 2012, test 2013 and 2014.
const BIRTHS = { horizon: 28, validation: 731, test: 730 };

/** The first rows of a series, as many. */
const first = (set: SeriesSet, rows: number): SeriesSet => ({
  ...set,
  series: set.series.map(({ id, times, columns }) => ({
    ...{ id, length: rows, rows },
    times: times?.slice(0, rows) ?? null,
    columns: Object.fromEntries(Object.entries(columns).map(([name, own]) => [name, own.slice(0, rows)])),
  })),
});

function caseOf(
  name: string,
  set: () => Promise<SeriesSet>,
  options: () => ForecasterOptions,
  figures: readonly (Figure & { readonly of: (report: ForecastReport) => number })[],
): AccuracyCase {
  return {
    ...{ name, figures },
    async run(kit, seed) {
      const made = forecaster(kit, { ...options(), seed });
      const report = await made.fit(await set());
      await made.dispose();
      const { center, log, linear } = report.normalization;
      const { calendar, lags } = report.columns;
      const baselines = report.baselines.map(
        (one) => `${one.name} ${one.test!.mse.toFixed(4)} ${one.test!.mae.toPrecision(3)}`,
      );
      const covers = report.test!.intervals.map(({ level, coverage }) => `${level}: ${coverage.toFixed(3)}`);
      const note = [
        `${center}${log ? ", log" : ""}${linear ? `, ${report.network.share} of a network over a ridge` : ""}`,
        `calendar ${calendar.join() || "none"}, lags ${lags.join() || "none"}`,
        `epoch ${report.bestEpoch} of ${report.history.loss.length}`,
        `coverage ${covers.join(", ")}`,
        `MSE and MAE of ${baselines.join(", ")}`,
      ];
      return { values: figures.map(({ of }) => of(report)), note: note.join("; ") };
    },
  };
}

const mae = ({ test }: ForecastReport) => test!.network.mae;
const covered = (level: number) => (report: ForecastReport) =>
  report.test!.intervals.find((one) => one.level === level)!.coverage;

export const FORECASTS: readonly AccuracyCase[] = [
  caseOf(
    "etth1",
    async () => first(seriesFromCsv(await dataFile("series/ETTh1.csv"), { target: "OT" }), 20 * HOURS),
    () => ({ horizon: 24, window: 96, validation: 4 * HOURS, test: 4 * HOURS }),
    [
      {
        what: "ETTh1, OT, 96 → 24: MSE on the standardised series",
        goal: { atMost: [0.0275, 0.0264] },
        of: ({ test }) => test!.network.mse,
      },
      { what: "ETTh1: coverage of 80 % intervals", goal: { within: [0.77, 0.83] }, of: covered(0.8) },
      { what: "ETTh1: coverage of 95 % intervals", goal: { within: [0.93, 0.97] }, of: covered(0.95) },
    ],
  ),
  caseOf("births", loadBirths, () => BIRTHS, [
    { what: "births, 28 days: MAE, births", goal: { atMost: [340, 300] }, of: mae },
  ]),
  caseOf(
    "holidays",
    loadBirths,
    () => ({ ...BIRTHS, holidays: publicHolidays("US", { from: 1999, to: 2016, observances: true }) }),
    [{ what: "births with US holidays, 28 days: MAE, births", goal: { atMost: [270, 250] }, of: mae }],
  ),
  caseOf(
    "co2",
    async () => seriesFromCsv(await dataFile("series/co2-mm-mlo.csv"), { target: "Average", time: "Date" }),
    () => ({ horizon: 12 }),
    [{ what: "CO₂, 12 months: MAE, ppm", goal: { atMost: [0.75, 0.45] }, of: mae }],
  ),
];
