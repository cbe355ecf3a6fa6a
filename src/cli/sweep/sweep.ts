/** `lstmkit sweep`: many training runs by a plan, on this machine's processors or through a queue. */
import { availableParallelism } from "node:os";
import type { CAC, Command } from "cac";
import { LstmkitError } from "../../errors.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import { catchInterruption, INTERRUPTED } from "../interruption.ts";
import { print } from "../print.ts";
import { BIRTHS, readSeriesData, readSeriesFlags } from "../series-flags.ts";
import { argumentsOf } from "../train-commands.ts";
import { buildId } from "./build-id.ts";
import { DataFinder, dataFile } from "./data-files.ts";
import { folderBlobs } from "./folder-blobs.ts";
import type { DataFile, Word } from "./jobs.ts";
import type { TaskName } from "./measures.ts";
import { openJobs } from "./open-jobs.ts";
import { checkFlags, commandOf, type Plan, readPlan } from "./plan.ts";
import { declareQueueFlags, type QueueFlags, readQueueFlags } from "./queue-flags.ts";
import { writeResults } from "./results.ts";
import { runSweep, type Sweep } from "./run-sweep.ts";
import { SweepReport } from "./sweep-report.ts";
import { commandLine, type Trial, trainArguments, trialsOf } from "./trials.ts";

export function declareSweep(cli: CAC): Command {
  const command = cli
    .command(
      "sweep <plan>",
      "Train many models by a plan, a .json file: a grid or random search over flags of train, folds, seeds, series",
    )
    .option(
      "--out <folder>",
      "Results, the best model, and the state that the same command goes on from; default: <plan>.sweep",
    )
    .option(
      "--workers <n>",
      "Trials at a time on this machine; default: one a processor, fewer where trials have threads",
    )
    .option("--list", "Print the trials as commands, and train nothing");
  return declareQueueFlags(command)
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit sweep plan.json")
    .example("lstmkit sweep plan.json --queue redis://:password@host:6379");
}

/** @returns the exit code */
export async function sweep(args: Arguments): Promise<number> {
  const [path] = args.positionals as [string];
  const folder = args.text("out") ?? `${path.replace(/\.json$/i, "")}.sweep`;
  const queue = readQueueFlags(args);
  if (queue && args.has("workers")) {
    throw new UsageError(
      "--workers are threads on this machine, and with --queue its workers do the jobs: lstmkit work --workers <n>.",
    );
  }
  const plan = await readPlan(path);
  const workers = args.has("workers") ? args.wholeNumber("workers", 1, 1024) : processorsFor(plan);
  const { data, places, series } = await readPlaces(plan);
  const trials = trialsOf(plan, series);
  for (const trial of new Map(trials.map((trial) => [trial.configuration.number, trial])).values()) {
    await checkFlags(plan.task, [...plan.data, ...trainArguments(plan, trial)]);
  }
  if (args.has("list")) {
    for (const trial of trials) print(commandLine(plan, trial));
    return 0;
  }
  const made: Sweep = { plan, trials, build: await buildId(), data, places };
  return runHere(made, folder, {
    queue,
    workers,
    send: args.has("send"),
    isJson: args.has("json"),
    retries: args.wholeNumber("retries", 0, 100),
  });
}

interface Way {
  readonly queue: QueueFlags | undefined;
  readonly workers: number;
  readonly send: boolean;
  readonly isJson: boolean;
  readonly retries: number;
}

async function runHere(
  made: Sweep,
  folder: string,
  { queue, workers, send, isJson, retries }: Way,
): Promise<number> {
  const { plan, trials, build, data } = made;
  const report = new SweepReport(plan, isJson);
  const note = (line: string) => report.note(line);
  const most = Math.min(workers, trials.length);
  const way = { queue, workers: most, retries, send: send ? data : [], note };
  const { record, executor, finished, close } = await openJobs(folder, { build, what: plan, data }, way);
  try {
    const configurations = new Set(trials.map(({ configuration }) => configuration.number)).size;
    report.start(trials, configurations, executor.name, folder);
    const signal = catchInterruption(() => report.stopping());
    const standings = await runSweep(made, record, executor, report, signal).catch((error: unknown) => {
      if (error instanceof LstmkitError && error.code === "ABORTED") return null;
      throw error;
    });
    const results = await writeResults(made, record, standings);
    if (!standings) {
      report.interrupted(folder);
      return INTERRUPTED;
    }
    await finished();
    report.finished(results, folder);
    return results.best.length > 0 ? 0 : failedAll(results.trials);
  } finally {
    report.close();
    await close();
  }
}

/** @throws the first failure, as the sweep's own */
function failedAll(rows: readonly { readonly error: string | null }[]): never {
  const { error } = rows.find((row) => row.error !== null)!;
  const code = /^([A-Z_]+): /.exec(error!)?.[1] ?? "BAD_PLAN";
  throw new LstmkitError(
    code as "BAD_PLAN",
    `all trials failed, the first with: ${error!.slice(code.length + 2)}`,
  );
}

function processorsFor({ flags }: Plan): number {
  const threads = typeof flags.threads === "number" ? flags.threads : 1;
  return Math.max(1, Math.floor(availableParallelism() / Math.max(1, threads)));
}

/** Names of data that train has by itself. */
const NAMES: Readonly<Record<TaskName, readonly string[]>> = {
  none: ["spam", "imdb"],
  classify: [],
  detect: [BIRTHS],
  forecast: [BIRTHS],
  generate: [],
};

/** Flags that name files. */
const FILE_FLAGS: Readonly<Record<TaskName, readonly string[]>> = {
  none: ["test", "data"],
  classify: ["test"],
  detect: [],
  forecast: [],
  generate: [],
};

/** What of a plan are files: each is read once for its fingerprint. */
async function readPlaces(plan: Plan): Promise<Pick<Sweep, "data" | "places"> & { series: string[] | null }> {
  const { task, flags, eachSeries } = plan;
  const data: DataFile[] = [];
  const add = async (place: string, flag?: string): Promise<Word> => {
    data.push(await dataFile(place));
    return { data: data.length - 1, ...(flag !== undefined && { flag }) };
  };
  const words: Word[] = [];
  for (const place of plan.data) words.push(NAMES[task].includes(place) ? place : await add(place));
  const named: Record<string, Word> = {};
  for (const name of FILE_FLAGS[task]) {
    if (Object.hasOwn(plan.parameters, name)) {
      throw new LstmkitError(
        "BAD_PLAN",
        `parameters has ${JSON.stringify(name)}, which names a file; wanted it in flags, the same for all trials.`,
      );
    }
    const place = flags[name];
    if (typeof place === "string") named[name] = await add(place, `--${name}=`);
  }
  const places = { data: words, flags: named };
  if (eachSeries === false) return { data, places, series: null };
  const known = await seriesOf(plan, data);
  if (eachSeries === true) return { data, places, series: known };
  const missing = eachSeries.find((name) => !known.includes(name));
  if (missing === undefined) return { data, places, series: [...eachSeries] };
  throw new LstmkitError(
    "BAD_PLAN",
    `"eachSeries" has ${JSON.stringify(missing)}; the data have ${known
      .slice(0, 8)
      .map((name) => JSON.stringify(name))
      .join(", ")}${known.length > 8 ? ", …" : ""}.`,
  );
}

async function seriesOf(plan: Plan, data: readonly DataFile[]): Promise<string[]> {
  const words = trainArguments(plan, { configuration: { number: 1, parameters: {} } } as unknown as Trial);
  const known = words.filter((word) => !/^--(seed|kfold|only-series)/.test(word));
  const args = argumentsOf(commandOf(plan.task), known);
  const reading = readSeriesFlags(args, true);
  const [file] = data;
  const place = file ? await new DataFinder(null, folderBlobs("")).pathOf(file) : BIRTHS;
  return (await readSeriesData(place, reading)).series.map(({ id }) => id);
}
