/** What is said of a forecaster while it is trained, and of what it learnt. */
import { frequencyName, timeText } from "../data/series/frequency.ts";
import { counted } from "../data/series/places.ts";
import type { Finding, SeriesSet } from "../data/series/series.ts";
import type { RuntimeInfo } from "../runtime.ts";
import type {
  Backtest,
  BaselineName,
  Coverage,
  ForecastModel,
  ForecastProgress,
  ForecastReport,
  Normalization,
  Scores,
} from "../tasks/index.ts";
import { count, duration, print, printJson, warn } from "./print.ts";
import { LiveLine, liveStream } from "./progress.ts";

/** A line that findings are told in, on stderr. */
export function tellFindings(findings: readonly Finding[], isJson: boolean): void {
  for (const { code, count, message } of findings) {
    if (isJson) printJson({ event: "finding", code, count, message });
    else warn(`${code}: ${message}`);
  }
}

/** `births: 5479 rows of births, a row a day, 2000-01-01 to 2014-12-31`. */
export function setLine(name: string, { series, frequency }: SeriesSet, targets: readonly string[]): string {
  const rows = series.reduce((sum, { length }) => sum + length, 0);
  const times = series.flatMap(({ times, length }) => (times ? [times[0]!, times[length - 1]!] : []));
  const [from, to] = [
    times.reduce((a, b) => Math.min(a, b), Infinity),
    times.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const parts = [
    `${count(rows, "row")} of ${targets.join(", ")}`,
    ...(series.length > 1 ? [`${series.length} series`] : []),
    ...(frequency
      ? [
          `a row every ${frequencyName(frequency)}`,
          `${timeText(from, frequency)} to ${timeText(to, frequency)}`,
        ]
      : ["rows are numbered"]),
  ];
  return `${name}: ${parts.join(", ")}`;
}

const NAMES: Readonly<Record<ForecastModel, string>> = {
  network: "network",
  last: "last value",
  drift: "last value with drift",
  seasonal: "last season",
  seasonalDrift: "last season with drift",
  ridge: "ridge regression",
};

/** A model's name, for people. */
export const modelName = (model: ForecastModel): string => NAMES[model] ?? model;

const CENTERS: Readonly<Record<Normalization["center"], string>> = {
  none: "standardised alone",
  last: "minus the last value",
  mean: "minus the window's mean",
  revin: "by the window's mean and deviation",
  seasonal: "what is left over the last season",
};

/** A normalisation in words. */
export function normalizationText({ center, log, linear }: Normalization): string {
  return `${CENTERS[center]}${log ? ", of logarithms" : ""}${linear ? ", what is left over a ridge regression" : ""}`;
}

/** Numbers in a column: four or five digits that mean something, and no exponent where that can be. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-6)) return value.toExponential(3);
  if (size >= 1000) return value.toFixed(0);
  let decimals = 1;
  for (let bound = 100; size < bound && decimals < 8; bound /= 10) decimals++;
  return value.toFixed(size === 0 ? 1 : decimals);
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

/** Cells in columns, the first at the left, the others at the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}

/** `Of 80 % intervals 79.6 % hold what came; they are 123 wide.` */
export function coverageLine({ level, coverage, width }: Coverage): string {
  return `Intervals of ${percent(level).replace(".0", "")}: ${percent(coverage)} of what came lay in them; ${figure(width)} wide on average`;
}

/** The network beside the baselines, best first, by their test part or, without one, by validation. */
export function comparison(report: ForecastReport): {
  lines: string[];
  best: ForecastModel;
  part: string;
  /** Whether the network's figures are those of the ridge regression below it, as far as they are shown. */
  isRidge: boolean;
} {
  const isTest = report.test !== null;
  const entries: [ForecastModel, Scores, string][] = [
    ["network", isTest ? report.test!.network : report.validation, ""],
    ...report.baselines.flatMap(({ name, season, test, validation }): [ForecastModel, Scores, string][] => {
      const scores = isTest ? test : validation;
      return scores ? [[name, scores, season === undefined ? "" : ` (${counted(season, "row")})`]] : [];
    }),
  ];
  entries.sort(([, a], [, b]) => a.mse - b.mse);
  const rows = entries.map(([name, { mae, rmse, mse }, more]) => [
    modelName(name) + more,
    figure(mae),
    figure(rmse),
    mse.toFixed(4),
  ]);
  const shown = (model: ForecastModel) =>
    rows[entries.findIndex(([name]) => name === model)]?.slice(1).join(" ");
  return {
    lines: table([["", "MAE", "RMSE", "MSE, standardised"], ...rows]),
    isRidge: shown("network") === shown("ridge"),
    best: entries[0]![0],
    part: isTest ? "test part, which nothing was chosen by" : "validation part",
  };
}

/** What `lstmkit train --task forecast` prints. */
export function reportLines(report: ForecastReport): string[] {
  const { parts, frequency, normalization, candidates, network, columns } = report;
  const place = ({ rows, from, to }: { rows: number; from: number | null; to: number | null }) =>
    from === null || to === null
      ? count(rows, "row")
      : `${timeText(from, frequency)} to ${timeText(to, frequency)}`;
  const { lines, best, part, isRidge } = comparison(report);
  const known = [
    ...columns.known,
    ...columns.calendar.map((feature) => `${feature} of the calendar`),
    ...(columns.holidays === null ? [] : [`holidays of ${columns.holidays}`]),
    ...columns.lags.map((lag) => `the target ${counted(lag, "row")} before`),
  ];
  return [
    `Learnt from ${count(parts.train.windows, "window")} of ${count(report.window, "row")}, ${count(report.horizon, "row")} ahead: ${place(parts.train)}`,
    `Chosen by ${place(parts.validation)}${parts.test ? `, tested on ${place(parts.test)}` : ""}`,
    ...(known.length > 0 ? [`Known in advance: ${known.join(", ")}`] : []),
    `Normalisation: ${normalizationText(normalization)}${candidates.length > 1 ? `; of ${candidates.length} tried, the simplest that does about as well as the best` : ""}`,
    `Network: ${network.layers} × ${network.cell} of ${network.units}, ${count(network.parameters, "parameter")}; ${weightsOf(report)}`,
    "",
    `How far off on the ${part}:`,
    ...lines,
    "",
    bestLine(best, report.best, isRidge),
    ...(report.test?.intervals ?? []).map(coverageLine),
  ];
}

/** Whose weights the network has. */
function weightsOf({ bestEpoch }: ForecastReport): string {
  if (bestEpoch > 0) return `the weights of epoch ${bestEpoch}`;
  return "no epoch was better than the ridge regression alone, which it leaves as it is";
}

function bestLine(best: ForecastModel, chosen: ForecastModel, isRidge: boolean): string {
  if ((best === "network" || best === "ridge") && isRidge)
    return "The ridge regression is the best of them; the network adds nothing to it.";
  if (best === "network") return "The network is the best of them.";
  const how = chosen === best ? "--model best takes it" : `--model ${best} takes it`;
  return `The ${modelName(best)} is better than the network here: in lstmkit forecast, ${how}.`;
}

/** A row a step of the horizon: the model, and the baselines beside it. */
export function backtestLines(backtest: Backtest, frequency: SeriesSet["frequency"]): string[] {
  const { model, cuts, stride, from, to, scores, intervals, baselines, best, steps } = backtest;
  const names = Object.keys(baselines) as BaselineName[];
  const others = names.filter((name) => name !== model);
  const levels = intervals.map(({ level }) => level);
  const line = (name: string, of: Pick<Backtest, "scores" | "intervals" | "baselines">) => [
    name,
    figure(of.scores.mae),
    ...others.map((other) => figure(of.baselines[other]?.mae ?? Number.NaN)),
    ...levels.map((_, i) => (of.intervals[i] ? percent(of.intervals[i].coverage) : "-")),
  ];
  const head = [
    "step",
    modelName(model),
    ...others.map(modelName),
    ...levels.map((level) => `in ${percent(level).replace(".0", "")}`),
  ];
  const when =
    from === null || to === null ? "" : `, ${timeText(from, frequency)} to ${timeText(to, frequency)}`;
  return [
    `${count(cuts, "forecast")} from origins ${count(stride, "row")} apart${when}. Mean absolute errors:`,
    ...table([
      head,
      ...steps.map((step) => line(String(step.step), step)),
      line("all", { scores, intervals, baselines }),
    ]),
    "",
    best === model
      ? `The ${modelName(model)} is the best of them.`
      : `The ${modelName(best)} is better here.`,
  ];
}

/** Tells of a training run while it goes on. */
export class ForecastTraining {
  readonly #isJson: boolean;
  readonly #live: LiveLine;
  #isStopping = false;

  constructor(isJson: boolean) {
    this.#isJson = isJson;
    this.#live = new LiveLine(isJson ? null : liveStream());
  }

  start(info: RuntimeInfo, line: string, facts: Record<string, unknown>): void {
    const { version, engine, math, threads, vectors } = info;
    if (this.#isJson) printJson({ event: "start", version, engine, math, threads, vectors, ...facts });
    else {
      print(
        `lstmkit ${version} on ${engine}, ${count(threads, "thread")}, ${vectors}-bit vectors, seed ${String(facts.seed)}`,
      );
      print(line);
    }
  }

  /** Told so that a live line shows that something goes on. */
  batch(stage: ForecastProgress["stage"], epoch: number, batch: number, batches: number): void {
    if (this.#isStopping) return;
    const what = stage === "search" ? "Choosing the normalisation" : "Training";
    this.#live.draw(() => `${what}: epoch ${epoch + 1}, batch ${batch + 1}/${batches}`);
  }

  epoch(progress: ForecastProgress): void {
    const { stage, epoch, epochs, loss, valLoss, seconds, candidate, candidates, normalization, isBest } =
      progress;
    if (this.#isJson) {
      printJson({
        event: "epoch",
        stage,
        epoch: epoch + 1,
        epochs,
        candidate: candidate + 1,
        candidates,
        normalization,
        loss,
        valLoss,
        isBest,
        seconds,
      });
      return;
    }
    if (stage === "search" || this.#isStopping) return;
    this.#live.clear();
    print(
      `Epoch ${epoch + 1}/${epochs} - ${duration(seconds)} - loss: ${loss.toFixed(4)} - val_loss: ${valLoss.toFixed(4)}${isBest ? " *" : ""}`,
    );
  }

  stopping(): void {
    this.#isStopping = true;
    this.#live.clear();
    warn("Stopping; press Ctrl-C again to stop at once.");
  }

  close(): void {
    this.#live.clear();
  }
}
