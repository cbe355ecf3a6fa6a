import type { CAC, Command } from "cac";
import { DAY, dateOf } from "../data/series/clock.ts";
import type { SeriesCsvOptions } from "../data/series/csv-table.ts";
import type { Holidays } from "../data/series/holiday-features.ts";
import type { SeriesSet } from "../data/series/series.ts";
import { checkWritable, writeWhole } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { type Forecaster, type ForecasterOptions, forecaster } from "../tasks/index.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { declareCheckpointFlags, RunCheckpoints } from "./checkpoint-flags.ts";
import { ForecastTraining, reportLines, setLine, tellFindings } from "./forecast-report.ts";
import { catchInterruption, INTERRUPTED } from "./interruption.ts";
import { print, printJson } from "./print.ts";
import { onFirst } from "./ranks.ts";
import { declareRuntimeFlags, openRuntime, readRuntimeFlags } from "./runtime-flags.ts";
import {
  BIRTHS,
  declareOnlySeries,
  declareSeriesFlags,
  onlySeries,
  readSeriesData,
  readSeriesFlags,
  withReading,
} from "./series-flags.ts";

/** Rows that births are forecast ahead where nothing is said: four weeks. */
export const BIRTHS_HORIZON = 28;

export function declareTrainForecast(cli: CAC): Command {
  const command = cli
    .command(
      "train [data]",
      "Train a forecaster: on a .csv, .json or .ndjson file of series, or on births, which ship with the package",
    )
    .option("--task <name>", "forecast: this task")
    .option("--horizon <n>", `Rows to forecast; of births ${BIRTHS_HORIZON} where nothing is said`)
    .option("--window <n>", "Rows that a forecast looks back on; default: by seasons and horizon");
  declareOnlySeries(declareSeriesFlags(command, true));
  command
    .option("--holidays <place>", "Public holidays of a country or a part of it: US, DE-BY")
    .option(
      "--calendar <list>",
      "Of hour, weekday, day, month, quarter, season; or none; default: what suits the data",
    )
    .option("--season <list>", "Rows after which things come round, such as 7,364; default: by the frequency")
    .option(
      "--normalization <name>",
      "none, last, mean, revin or seasonal; auto: chosen on the validation part",
      { default: "auto" },
    )
    .option("--quantiles <list>", "Learn quantiles instead of a mean, such as 0.1,0.5,0.9")
    .option("--levels <list>", "Of the intervals", { default: "0.8,0.95" })
    .option("--cell <cell>", "lstm, gru, peepholeLstm or layerNormLstm", { default: "lstm" })
    .option("--units <n>", "Of each recurrent layer; default: by the data")
    .option("--layers <n>", "Recurrent layers", { default: 1 })
    .option("--dropout <share>", "Share of a recurrent layer's outputs dropped", { default: 0 })
    .option("--loss <name>", "meanSquaredError or meanAbsoluteError", { default: "meanSquaredError" })
    .option("--epochs <n>", "At most; default: by the data")
    .option("--patience <n>", "Epochs without an improvement that end training; default: by the data")
    .option("--batch <n>", "Windows in a batch; default: by the data")
    .option("--lr <rate>", "Adam's learning rate at the beginning", { default: 0.001 })
    .option("--validation <share>", "To choose by, behind the training part: a share below 1, or rows", {
      default: 0.1,
    })
    .option("--test <share>", "To test on, at the end: a share below 1, or rows; 0 for none", {
      default: 0.2,
    })
    .option("--seed <n>", "Fixes the weights, byte for byte", { default: 0 })
    .option("--out <path>", "Model file to write; one that is there is replaced", {
      default: "model.safetensors",
    })
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit train --task forecast")
    .example(
      "lstmkit train sales.csv --task forecast --target sales --horizon 28 --series store --known price",
    )
    .example("lstmkit train births --task forecast --holidays US");
  return declareRuntimeFlags(declareCheckpointFlags(command));
}

/** @throws UsageError for flags that make no training */
export function checkTrainForecast(args: Arguments): void {
  readForecasterFlags(args, args.positionals[0] ?? BIRTHS, readSeriesFlags(args, true));
  readRuntimeFlags(args);
}

/** @returns the exit code */
export async function trainForecast(args: Arguments): Promise<number> {
  const out = args.text("out")!; // has a default
  const name = args.positionals[0] ?? BIRTHS;
  const reading = readSeriesFlags(args, true);
  const { holidays: place, ...options } = readForecasterFlags(args, name, reading);
  const runtime = readRuntimeFlags(args);
  const checkpoints = new RunCheckpoints(args, out);
  await onFirst(() => checkWritable(out));
  await onFirst(() => checkpoints.check());
  const set = onlySeries(await readSeriesData(name, reading), args);
  const holidays = place === undefined ? undefined : await holidaysFor(place, set);
  const isJson = args.has("json");
  const progress = new ForecastTraining(isJson);
  const signal = catchInterruption(() => progress.stopping());
  const kit = await openRuntime(args, runtime);
  try {
    const made = { ...options, ...(holidays && { holidays }) };
    const trained = await trainOn(kit, name, set, made, { progress, signal, isJson, checkpoints });
    if (!trained) {
      checkpoints.interrupted();
      return INTERRUPTED;
    }
    const bytes = withReading(await trained.save(), { options: reading, timeZone: set.timeZone });
    await onFirst(() => writeWhole(out, bytes));
    if (isJson) printJson({ event: "done", digest: trained.report!.digest, out });
    else {
      print(`Digest: ${trained.report!.digest}`);
      print(`Model saved to ${out}`);
    }
    await onFirst(() => checkpoints.done());
    return 0;
  } finally {
    progress.close();
    await checkpoints.close();
  }
}

interface Run {
  readonly progress: ForecastTraining;
  readonly signal: AbortSignal;
  readonly isJson: boolean;
  readonly checkpoints?: RunCheckpoints;
}

/** A forecaster that has learnt the set, all of which is told; undefined where that was interrupted. */
export async function trainOn(
  kit: Runtime,
  name: string,
  set: SeriesSet,
  options: ForecasterOptions,
  { progress, signal, isJson, checkpoints }: Run,
): Promise<Forecaster | undefined> {
  const targets = targetsOf(set, options);
  const { horizon, seed = 0 } = options;
  progress.start(await kit.info(), setLine(name, set, targets), {
    dataset: name,
    series: set.series.length,
    targets,
    horizon,
    seed,
  });
  tellFindings(set.findings, isJson);
  const model = forecaster(kit, options);
  const began = performance.now();
  try {
    const report = await model.fit(set, {
      signal,
      ...checkpoints?.option(),
      onBatchEnd: ({ stage, epoch, batch, batches }) => progress.batch(stage, epoch, batch, batches),
      onEpochEnd: (of) => progress.epoch(of),
    });
    progress.close();
    const own = report.findings.filter(
      ({ code, message }) => !set.findings.some((one) => one.code === code && one.message === message),
    );
    tellFindings(own, isJson);
    const seconds = (performance.now() - began) / 1000;
    if (isJson) printJson({ event: "report", seconds, ...report });
    else
      for (const line of ["", ...reportLines(report), "", `Elapsed time: ${seconds.toFixed(1)}s`])
        print(line);
    return model;
  } catch (error) {
    progress.close();
    if (!(error instanceof LstmkitError) || error.code !== "ABORTED") throw error;
    if (isJson) printJson({ event: "interrupted", digest: null, out: null });
    else print("Interrupted; nothing was saved.");
    return undefined;
  }
}

function targetsOf(set: SeriesSet, { target, known, past }: ForecasterOptions): string[] {
  if (target !== undefined) return [target].flat();
  const others = [known ?? [], past ?? []].flat();
  return Object.keys(set.series[0]?.columns ?? {}).filter((name) => !others.includes(name));
}

type Flags = Omit<ForecasterOptions, "holidays"> & { holidays?: string };

/** @throws UsageError */
function readForecasterFlags(
  args: Arguments,
  name: string,
  { target, known, past }: SeriesCsvOptions,
): Flags {
  if (!args.has("horizon") && name !== BIRTHS) {
    throw new UsageError(
      "--horizon is missing; wanted the number of rows to forecast, such as --horizon 28.",
    );
  }
  const share = (flag: string, least: number) =>
    args.number(
      flag,
      (value) => (value > 0 && value < 1) || (Number.isInteger(value) && value >= least),
      `a share below 1, or a whole number of rows from ${least} on`,
    );
  const optional = {
    ...(args.has("window") && { window: args.wholeNumber("window", 1, 100_000) }),
    ...(args.has("units") && { units: args.wholeNumber("units", 1, 4096) }),
    ...(args.has("epochs") && { epochs: args.wholeNumber("epochs", 1) }),
    ...(args.has("patience") && { patience: args.wholeNumber("patience", 1) }),
    ...(args.has("batch") && { batchSize: args.wholeNumber("batch", 1, 65_536) }),
    ...(args.has("season") && { season: args.wholeNumbers("season") }),
    ...(args.has("quantiles") && { quantiles: shares(args, "quantiles") }),
    ...(args.has("calendar") && { calendar: readCalendar(args) }),
    ...(args.has("holidays") && { holidays: args.text("holidays")! }),
    ...(target !== undefined && { target }),
    ...(known !== undefined && { known }),
    ...(past !== undefined && { past }),
  };
  return {
    ...optional,
    horizon: args.has("horizon") ? args.wholeNumber("horizon", 1, 10_000) : BIRTHS_HORIZON,
    normalization: args.choice("normalization", NORMALIZATIONS),
    levels: shares(args, "levels"),
    cell: args.choice("cell", ["lstm", "gru", "peepholeLstm", "layerNormLstm"]),
    layers: args.wholeNumber("layers", 1, 8),
    dropout: args.number("dropout", (value) => value >= 0 && value < 1, "a number from 0 to below 1"),
    loss: args.choice("loss", ["meanSquaredError", "meanAbsoluteError"]),
    learningRate: args.number("lr", (rate) => rate > 0 && rate < Infinity, "a number above 0"),
    validation: share("validation", 1),
    test: args.text("test") === "0" ? 0 : share("test", 1),
    seed: args.wholeNumber("seed", 0, 2 ** 32 - 1),
  };
}

/** Numbers between 0 and 1, with commas between. @throws UsageError */
export function shares(args: Arguments, flag: string): number[] {
  const value = args.text(flag) ?? "";
  const numbers = value.split(",").map((part) => (/^0?\.\d+$/.test(part) ? Number(part) : Number.NaN));
  const isRight =
    numbers.every((number) => number > 0 && number < 1) && new Set(numbers).size === numbers.length;
  if (isRight) return numbers;
  throw new UsageError(
    `--${flag} is ${JSON.stringify(value)}; wanted numbers between 0 and 1, each once, with commas between, such as 0.8,0.95.`,
  );
}

const NORMALIZATIONS = ["auto", "none", "last", "mean", "revin", "seasonal"] as const;
const FEATURES = ["hour", "weekday", "day", "month", "quarter", "season"] as const;

/** @throws UsageError */
function readCalendar(args: Arguments): false | (typeof FEATURES)[number][] {
  const value = args.text("calendar")!;
  if (value === "none") return false;
  const found = value.split(",").map((part) => FEATURES.find((feature) => feature === part));
  if (!found.includes(undefined)) return found as (typeof FEATURES)[number][];
  throw new UsageError(
    `--calendar is ${JSON.stringify(value)}; wanted none, or some of ${FEATURES.join(",")} with commas between.`,
  );
}

/** Years that holidays are kept for behind the last row: forecasts of later ones need a newer model. */
const YEARS_AHEAD = 20;

/**
 * Holidays from a year before the data to twenty behind them, with days that are kept without being free.
 *
 * @throws UsageError for a place that has none, and for data without times
 */
export async function holidaysFor(place: string, { series }: SeriesSet): Promise<Holidays> {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { times } of series) {
    if (!times) continue;
    first = Math.min(first, times[0]!);
    last = Math.max(last, times[times.length - 1]!);
  }
  if (first > last)
    throw new UsageError("--holidays is for rows with times; wanted a column of them: --time.");
  const { publicHolidays } = await import("../data/holidays/index.ts");
  const yearOf = (time: number) => dateOf(Math.floor(time / DAY)).year;
  const [from, to] = [Math.max(1900, yearOf(first) - 1), Math.min(2399, yearOf(last) + YEARS_AHEAD)];
  try {
    return publicHolidays(place, { from, to, observances: true });
  } catch (error) {
    // From another bundle, and so of a class of its own.
    if (!(error instanceof Error) || error.name !== "LstmkitError") throw error;
    throw new UsageError(
      `--holidays is ${JSON.stringify(place)}; wanted ${error.message.replace(/^.*?; wanted /, "")}`,
    );
  }
}
