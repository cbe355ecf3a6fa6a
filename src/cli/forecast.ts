import { extname } from "node:path";
import type { CAC, Command } from "cac";
import type { SeriesSet } from "../data/series/series.ts";
import type { Times } from "../data/series/time-writer.ts";
import { checkWritable, readBytes, writeWhole } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import { forecastPage } from "../picture/forecast-page.ts";
import { forecastSvg } from "../picture/forecast-svg.ts";
import { forecastLines } from "../picture/forecast-terminal.ts";
import type { Runtime } from "../runtime.ts";
import { csvLines } from "../tasks/forecast/csv-lines.ts";
import { type Forecast, type Forecaster, type ForecastModel, loadForecaster } from "../tasks/index.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { forecastJson, forecastView } from "./forecast-output.ts";
import { backtestLines, tellFindings } from "./forecast-report.ts";
import { catchInterruption, INTERRUPTED } from "./interruption.ts";
import { print, printJson, warn } from "./print.ts";
import { LiveLine, liveStream } from "./progress.ts";
import { declareRuntimeFlags, openRuntime, readRuntimeFlags } from "./runtime-flags.ts";
import {
  declareSeriesFlags,
  type Reading,
  readingOf,
  readSeriesData,
  readSeriesFlags,
} from "./series-flags.ts";
import { shares } from "./train-forecast.ts";

const MODELS = ["network", "best", "last", "drift", "seasonal", "seasonalDrift", "ridge"] as const;

export function declareForecast(cli: CAC): Command {
  const command = cli
    .command(
      "forecast <model> [data]",
      "What comes behind the end of series: of a file, or of what the model was trained on",
    )
    .option("--horizon <n>", "Rows to forecast; default: what the model was trained for")
    .option("--origin <time>", "Forecast as if only the rows before were known: a time, or a number of rows")
    .option("--model <name>", `${MODELS.join(", ")}; best: of the lowest error in training`, {
      default: "network",
    })
    .option("--levels <list>", "Of the intervals, such as 0.8,0.95; default: those of the training")
    .option("--out <path>", "File to write: .csv, .json, .svg or .html")
    .option("--chart", "Draw the chart here, too, where the output is no terminal")
    .option("--json", "Events for programs on stdout, one JSON object a line");
  declareSeriesFlags(command, false);
  command
    .example("lstmkit forecast model.safetensors")
    .example("lstmkit forecast model.safetensors sales.csv --out forecast.csv")
    .example("lstmkit forecast model.safetensors sales.csv --out forecast.html");
  return declareRuntimeFlags(command);
}

/** @returns the exit code */
export async function forecast(args: Arguments): Promise<number> {
  const [path, data] = args.positionals as [string, string | undefined];
  const out = args.text("out");
  const write = out === undefined ? undefined : writerFor(out);
  const options = {
    ...modelOptions(args),
    ...(args.has("horizon") && { horizon: args.wholeNumber("horizon", 1, 10_000) }),
    ...originOption(args),
  };
  const now = readSeriesFlags(args, false);
  const runtime = readRuntimeFlags(args);
  if (out !== undefined) await checkWritable(out);
  const work: Work = async (model, set, { signal, kept }) => {
    const made = await model.predict(set, { ...options, signal });
    const times = set ?? { frequency: model.report?.frequency ?? null, timeZone: kept.timeZone };
    if (out !== undefined && write) await writeWhole(out, new TextEncoder().encode(write(made, times)));
    tell(args, made, times, set, out);
  };
  return withModel(args, runtime, { path, data, now, what: "Forecasting" }, work);
}

/** What is printed: the numbers, and a chart for who looks at a terminal. */
function tell(
  args: Arguments,
  made: Forecast,
  times: Times,
  set: SeriesSet | undefined,
  out: string | undefined,
): void {
  const own = made.findings.filter((one) => !set?.findings.some(({ message }) => message === one.message));
  if (args.has("json")) {
    tellFindings(own, true);
    printJson({ event: "forecast", ...forecastJson(made, times) });
    if (out !== undefined) printJson({ event: "saved", out });
    return;
  }
  tellFindings(own, false);
  if (args.has("chart") || process.stdout.isTTY) {
    const columns = process.stdout.columns || 80;
    print(`${forecastLines(forecastView(made, times), { columns }).join("\n")}\n`);
  }
  if (out === undefined) for (const line of csvLines(made, times)) print(line);
  else print(`Forecast saved to ${out}`);
}

type Write = (forecast: Forecast, times: Times) => string;

/** @throws UsageError for a name that ends otherwise */
function writerFor(path: string): Write {
  switch (extname(path).toLowerCase()) {
    case ".csv":
      return (made, times) => `${csvLines(made, times).join("\n")}\n`;
    case ".json":
      return (made, times) => `${JSON.stringify(forecastJson(made, times), null, 2)}\n`;
    case ".svg":
      return (made, times) => `${forecastSvg(forecastView(made, times))}\n`;
    case ".html":
    case ".htm":
      return (made, times) => forecastPage(forecastView(made, times));
    default:
      throw new UsageError(
        `--out is ${JSON.stringify(path)}; wanted a name that ends in .csv, .json, .svg or .html.`,
      );
  }
}

export function declareBacktest(cli: CAC): Command {
  const command = cli
    .command(
      "backtest <model> <data>",
      "How forecasts would have done: from several origins, with what was known by then",
    )
    .option("--cuts <n>", "Origins a series, at most; default: as many as lie in the last fifth")
    .option("--stride <n>", "Rows from an origin to the next; default: the horizon")
    .option("--model <name>", `${MODELS.join(", ")}; best: of the lowest error in training`, {
      default: "network",
    })
    .option("--levels <list>", "Of the intervals, such as 0.8,0.95; default: those of the training")
    .option("--json", "Events for programs on stdout, one JSON object a line");
  declareSeriesFlags(command, false);
  command
    .example("lstmkit backtest model.safetensors sales.csv")
    .example("lstmkit backtest model.safetensors births --cuts 12");
  return declareRuntimeFlags(command);
}

/** @returns the exit code */
export async function backtest(args: Arguments): Promise<number> {
  const [path, data] = args.positionals as [string, string];
  const options = {
    ...modelOptions(args),
    ...(args.has("cuts") && { cuts: args.wholeNumber("cuts", 1) }),
    ...(args.has("stride") && { stride: args.wholeNumber("stride", 1) }),
  };
  const now = readSeriesFlags(args, false);
  const work: Work = async (model, set, { signal }) => {
    const done = await model.evaluate(set!, { ...options, signal });
    const isJson = args.has("json");
    tellFindings(
      done.findings.filter((one) => !set!.findings.some(({ message }) => message === one.message)),
      isJson,
    );
    if (isJson) printJson({ event: "backtest", ...done });
    else for (const line of backtestLines(done, set!.frequency)) print(line);
  };
  return withModel(args, readRuntimeFlags(args), { path, data, now, what: "Looking back" }, work);
}

function modelOptions(args: Arguments): { model: ForecastModel | "best"; levels?: number[] } {
  const model = args.choice("model", MODELS);
  return args.has("levels") ? { model, levels: shares(args, "levels") } : { model };
}

/** @throws UsageError */
function originOption(args: Arguments): { origin?: number | string } {
  const value = args.text("origin");
  if (value === undefined) return {};
  return { origin: /^\d{1,9}$/.test(value) && value.length !== 4 ? Number(value) : value };
}

interface Source {
  readonly path: string;
  readonly data: string | undefined;
  readonly now: ReturnType<typeof readSeriesFlags>;
  /** For the live line. */
  readonly what: string;
}

type Work = (
  model: Forecaster,
  set: SeriesSet | undefined,
  run: { readonly signal: AbortSignal; readonly kept: Reading },
) => Promise<void>;

/** Opens model and data, and gives them to the work. @returns the exit code */
async function withModel(
  args: Arguments,
  runtime: ReturnType<typeof readRuntimeFlags>,
  { path, data, now, what }: Source,
  work: Work,
): Promise<number> {
  const isJson = args.has("json");
  const file = await readBytes(path);
  const live = new LiveLine(isJson ? null : liveStream());
  const signal = catchInterruption(() => {
    live.clear();
    warn("Stopping; press Ctrl-C again to stop at once.");
  });
  const kit: Runtime = await openRuntime(args, runtime);
  const model = await loadForecaster(kit, file);
  const kept = readingOf(file);
  const set =
    data === undefined
      ? undefined
      : await readSeriesData(data, withColumns({ ...kept.options, ...now }, model, data));
  if (set) tellFindings(set.findings, isJson);
  live.draw(() => what);
  try {
    await work(model, set, { signal, kept });
    return 0;
  } catch (error) {
    if (!(error instanceof LstmkitError) || error.code !== "ABORTED") throw error;
    live.clear();
    if (isJson) printJson({ event: "interrupted" });
    else print("Interrupted.");
    return INTERRUPTED;
  } finally {
    live.clear();
  }
}

/** The columns that the model reads, whatever the file has. */
function withColumns(options: Source["now"], { report }: Forecaster, data: string): Source["now"] {
  if (!report || data === "births") return {};
  const { target, known, past } = report.columns;
  return {
    ...options,
    target,
    ...(known.length > 0 && { known }),
    ...(past.length > 0 && { past }),
  };
}
