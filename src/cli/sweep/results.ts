/** The results of a sweep as files: a row a trial as CSV, all of it as JSON, and the best model. */
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../../disk/disk-node.ts";
import { isThere } from "./data-files.ts";
import { metricNames } from "./measures.ts";
import type { Entry, SweepRecord } from "./record.ts";
import { keptModel, modelPath, type Standing, type Sweep } from "./run-sweep.ts";
import { commandLine, type Trial } from "./trials.ts";

/** A trial, as the files tell of it. */
export interface TrialRow {
  readonly trial: string;
  readonly configuration: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly seed: number | null;
  readonly fold: number | null;
  readonly series: string | null;
  /** waiting: not done yet. stopped: by halving, since others were better. */
  readonly state: "done" | "stopped" | "failed" | "waiting";
  readonly epochs: number | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly digest: string | null;
  readonly seconds: number | null;
  readonly error: string | null;
  /** That trains the same model by itself. */
  readonly command: string;
  /** Its file, from the sweep's folder; null where it is not kept. */
  readonly model: string | null;
}

async function rowOf({ plan }: Sweep, record: SweepRecord, trial: Trial): Promise<TrialRow> {
  const entry = record.last(trial.id);
  const { result, failure } = entry ?? {};
  const isKept = await isThere(modelPath(record.folder, trial.id));
  const state = failure ? "failed" : !result ? "waiting" : result.digest === null ? "stopped" : "done";
  return {
    trial: trial.id,
    configuration: trial.configuration.number,
    parameters: trial.configuration.parameters,
    seed: trial.seed,
    fold: trial.fold,
    series: trial.series,
    state,
    epochs: result?.epochs ?? null,
    metrics: result?.metrics ?? {},
    digest: result?.digest ?? null,
    seconds: result ? Math.round(1000 * result.seconds) / 1000 : null,
    error: failure ? `${failure.code}: ${failure.message}` : null,
    command: commandLine(plan, trial),
    model: isKept ? `models/${trial.id}.safetensors` : null,
  };
}

/** A cell: quoted where it has to be, and never what a spreadsheet takes for a formula. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What a sweep came to, or how far it has come. */
export async function writeResults(
  sweep: Sweep,
  record: SweepRecord,
  standings: readonly Standing[] | null,
): Promise<SweepResults> {
  const { plan, trials, build, data } = sweep;
  const rows: TrialRow[] = [];
  for (const trial of trials) rows.push(await rowOf(sweep, record, trial));
  const parameters = Object.keys(plan.parameters);
  const metrics = metricNames(plan.task).filter((name) =>
    rows.some((row) => row.metrics[name] !== undefined),
  );
  const header = [
    ...["trial", "configuration", "series", "seed", "fold"],
    ...parameters,
    ...["state", "epochs"],
    ...metrics,
    ...["digest", "seconds", "error", "command"],
  ];
  const table = rows.map((row) => [
    ...[row.trial, row.configuration, row.series, row.seed, row.fold],
    ...parameters.map((name) => row.parameters[name]),
    ...[row.state, row.epochs],
    ...metrics.map((name) => row.metrics[name]),
    ...[row.digest, row.seconds, row.error, row.command],
  ]);
  const csv = [header, ...table].map((line) => `${line.map(cell).join(",")}\n`).join("");
  await writeWhole(join(record.folder, "results.csv"), Buffer.from(csv));
  const best: BestModel[] = [];
  for (const standing of standings ?? []) {
    const found = await bestOf(sweep, record, standing, rows);
    if (found) best.push(found);
  }
  const results: SweepResults = {
    build,
    isComplete: standings !== null,
    objective: plan.objective,
    data: data.map(({ place, sha256, bytes }) => ({ place, sha256, bytes })),
    best,
    configurations: (standings ?? []).flatMap(({ series, ranking }) =>
      ranking.map(({ number, score, rung }, i) => ({
        rank: i + 1,
        configuration: number,
        series,
        parameters: rows.find(({ configuration }) => configuration === number)!.parameters,
        rung,
        mean: score ?? null,
        ...spreadOf(rows, plan.objective.name, number, series),
      })),
    ),
    trials: rows,
  };
  await writeWhole(join(record.folder, "results.json"), Buffer.from(`${JSON.stringify(results, null, 2)}\n`));
  return results;
}

/** Of the trials of a configuration: how many, and how far they lie apart (sample standard deviation). */
function spreadOf(rows: readonly TrialRow[], name: string, number: number, series: string | null) {
  const values = rows
    .filter((row) => row.configuration === number && row.series === series)
    .flatMap(({ metrics }) => metrics[name] ?? []);
  if (values.length < 2) return { trials: values.length, deviation: null };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { trials: values.length, deviation: Math.sqrt(squares / (values.length - 1)) };
}

export interface BestModel {
  readonly series: string | null;
  readonly configuration: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The mean over its seeds and folds. */
  readonly mean: number;
  readonly trial: string;
  readonly digest: string | null;
  /** Its file, from the sweep's folder. */
  readonly model: string;
  /** Those of all its seeds. */
  readonly ensemble: readonly string[];
  readonly command: string;
}

export interface SweepResults {
  readonly build: string;
  readonly isComplete: boolean;
  readonly objective: Sweep["plan"]["objective"];
  readonly data: readonly { readonly place: string; readonly sha256: string; readonly bytes: number }[];
  readonly best: readonly BestModel[];
  readonly configurations: readonly Readonly<Record<string, unknown>>[];
  readonly trials: readonly TrialRow[];
}

/** The best model of a group, under a name that is easy to find. */
async function bestOf(
  { plan, trials }: Sweep,
  { folder }: SweepRecord,
  { series, best, ranking, refit }: Standing,
  rows: readonly TrialRow[],
): Promise<BestModel | null> {
  if (best === null) return null;
  const own = rows.filter((row) => row.configuration === best && row.series === series);
  const sign = plan.objective.goal === "minimize" ? 1 : -1;
  const value = ({ metrics }: TrialRow) => sign * (metrics[plan.objective.name] ?? Infinity);
  const winner = own.reduce((a, b) => (value(b) < value(a) ? b : a));
  const first = trials.find(
    ({ configuration, series: of }) => configuration.number === best && of === series,
  )!;
  const id = refit ? refit.trial : winner.trial;
  const digest = refit ? (refit.result?.digest ?? null) : winner.digest;
  const model = series === null ? "best.safetensors" : `best/${fileNameOf(series)}.safetensors`;
  if (series !== null) await mkdir(join(folder, "best"), { recursive: true });
  if (refit?.failure) await rm(join(folder, model), { force: true });
  else await writeWhole(join(folder, model), await keptModel(folder, id));
  return {
    series,
    configuration: best,
    parameters: winner.parameters,
    mean: ranking[0]!.score!,
    trial: id,
    digest,
    model,
    ensemble: refit ? [] : own.flatMap((row) => row.model ?? []),
    command: refit ? commandLine(plan, { ...first, fold: null }) : winner.command,
  };
}

/** A series' name comes from a file; one of letters, digits, - and _ stays, others get a digest. */
function fileNameOf(series: string): string {
  if (/^[\w-]{1,80}$/.test(series)) return series;
  const digest = createHash("sha256").update(series).digest("hex").slice(0, 8);
  return `${series.replace(/[^\w-]+/g, "-").slice(0, 40)}.${digest}`;
}

/** A trial's entry in words. */
export function entryWords({ result, failure }: Entry, name: string): string {
  if (failure) return `${failure.code}: ${failure.message}`;
  const value = result!.metrics[name];
  return `${name} ${value === undefined ? "unknown" : value.toPrecision(5)}`;
}
