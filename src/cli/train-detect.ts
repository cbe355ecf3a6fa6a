import type { CAC, Command } from "cac";
import { frequencyName } from "../data/series/frequency.ts";
import type { SeriesSet } from "../data/series/series.ts";
import { checkWritable, writeWhole } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { type Detector, type DetectorOptions, type DetectReport, detector } from "../tasks/index.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { declareCheckpointFlags, RunCheckpoints } from "./checkpoint-flags.ts";
import { setLine, tellFindings } from "./forecast-report.ts";
import { catchInterruption, INTERRUPTED } from "./interruption.ts";
import { count, duration, print, printJson, warn } from "./print.ts";
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

export function declareTrainDetect(cli: CAC): Command {
  const command = cli
    .command(
      "train [data]",
      "Train a detector: on a .csv, .json or .ndjson file of series, or on births, which ship with the package",
    )
    .option("--task <name>", "detect: this task")
    .option("--window <n>", "Rows that a value is expected by; default: by the frequency");
  declareOnlySeries(declareSeriesFlags(command, true));
  command
    .option("--units <n>", "Of the LSTM; default: by the data")
    .option("--epochs <n>", "At most", { default: 30 })
    .option("--patience <n>", "Epochs without an improvement that end training", { default: 5 })
    .option("--batch <n>", "Windows in a batch; default: by the data")
    .option("--lr <rate>", "Adam's learning rate at the beginning", { default: 0.002 })
    .option("--validation <share>", "To compare with, at the end: a share below 1, or rows", { default: 0.2 })
    .option("--seed <n>", "Fixes the weights, byte for byte", { default: 0 })
    .option("--out <path>", "Model file to write; one that is there is replaced", {
      default: "model.safetensors",
    })
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit train metrics.csv --task detect --target latency --series host");
  return declareRuntimeFlags(declareCheckpointFlags(command));
}

/** @throws UsageError for flags that make no training */
export function checkTrainDetect(args: Arguments): void {
  readDetectorFlags(args, [readSeriesFlags(args, true).target ?? []].flat());
  readRuntimeFlags(args);
}

/** @returns the exit code */
export async function trainDetect(args: Arguments): Promise<number> {
  const out = args.text("out")!; // has a default
  const name = args.positionals[0] ?? BIRTHS;
  const reading = readSeriesFlags(args, true);
  const options = readDetectorFlags(args, [reading.target ?? []].flat());
  const runtime = readRuntimeFlags(args);
  const checkpoints = new RunCheckpoints(args, out);
  await onFirst(() => checkWritable(out));
  await onFirst(() => checkpoints.check());
  const set = onlySeries(await readSeriesData(name, reading), args);
  const isJson = args.has("json");
  const signal = catchInterruption(() => warn("Stopping; press Ctrl-C again to stop at once."));
  try {
    const kit = await openRuntime(args, runtime);
    const trained = await trainDetectorOn(kit, name, set, options, { signal, isJson, checkpoints });
    if (!trained) {
      checkpoints.interrupted();
      return INTERRUPTED;
    }
    const bytes = withReading(await trained.save(), { options: reading, timeZone: set.timeZone });
    await onFirst(() => writeWhole(out, bytes));
    const { digest } = trained.report!;
    await kit.close();
    if (isJson) printJson({ event: "done", digest, out });
    else {
      print(`Digest: ${digest}`);
      print(`Model saved to ${out}`);
      print(`Watch: lstmkit detect ${out} - < rows.ndjson`);
    }
    await onFirst(() => checkpoints.done());
    return 0;
  } finally {
    await checkpoints.close();
  }
}

/** @throws UsageError */
function readDetectorFlags(args: Arguments, targets: readonly string[]): DetectorOptions {
  if (targets.length > 1)
    throw new UsageError(`--target names ${targets.length} columns; wanted one, the column to watch.`);
  const isPart = (value: number) => (value > 0 && value < 1) || (Number.isInteger(value) && value >= 1);
  return {
    ...(targets.length === 1 && { target: targets[0]! }),
    ...(args.has("window") && { window: args.wholeNumber("window", 2, 10_000) }),
    ...(args.has("units") && { units: args.wholeNumber("units", 1, 4096) }),
    ...(args.has("batch") && { batchSize: args.wholeNumber("batch", 1, 65_536) }),
    epochs: args.wholeNumber("epochs", 1),
    patience: args.wholeNumber("patience", 1),
    learningRate: args.number("lr", (rate) => rate > 0 && rate < Infinity, "a number above 0"),
    validation: args.number("validation", isPart, "a share below 1, or a whole number of rows from 1 on"),
    seed: args.wholeNumber("seed", 0, 2 ** 32 - 1),
  };
}

/** A detector that has learnt the set, all of which is told; undefined where that was interrupted. */
export async function trainDetectorOn(
  kit: Runtime,
  name: string,
  set: SeriesSet,
  options: DetectorOptions,
  {
    signal,
    isJson,
    checkpoints,
  }: { readonly signal: AbortSignal; readonly isJson: boolean; readonly checkpoints?: RunCheckpoints },
): Promise<Detector | undefined> {
  const { version, engine, threads, vectors } = await kit.info();
  const { seed = 0 } = options;
  if (isJson) printJson({ event: "start", version, engine, threads, vectors, dataset: name, seed });
  else {
    print(
      `lstmkit ${version} on ${engine}, ${count(threads, "thread")}, ${vectors}-bit vectors, seed ${seed}`,
    );
    print(
      setLine(
        name,
        set,
        options.target === undefined ? Object.keys(set.series[0]?.columns ?? {}) : [options.target],
      ),
    );
  }
  tellFindings(set.findings, isJson);
  const made = detector(kit, options);
  const began = performance.now();
  try {
    const report = await made.fit(set, {
      signal,
      ...checkpoints?.option(),
      onEpochEnd: ({ epoch, epochs, loss, valLoss, isBest, seconds }) => {
        if (isJson) printJson({ event: "epoch", epoch: epoch + 1, epochs, loss, valLoss, isBest, seconds });
        else
          print(
            `Epoch ${epoch + 1}/${epochs} - ${duration(seconds)} - loss: ${loss.toFixed(4)} - validation: ${valLoss.toFixed(4)}`,
          );
      },
    });
    tellFindings(report.findings.slice(set.findings.length), isJson);
    const seconds = (performance.now() - began) / 1000;
    if (isJson) printJson({ event: "report", seconds, ...report });
    else for (const line of [...reportLines(report), `Elapsed time: ${duration(seconds)}`]) print(line);
    return made;
  } catch (error) {
    if (!(error instanceof LstmkitError) || error.code !== "ABORTED") throw error;
    if (isJson) printJson({ event: "interrupted", digest: null, out: null });
    else print("Interrupted; nothing was saved.");
    return undefined;
  }
}

function reportLines({ target, frequency, window, rows, calibration, errors }: DetectReport): string[] {
  const season = errors.season > 1 ? `, the one ${errors.season} rows before ${short(errors.seasonal)}` : "";
  const every = frequency ? `, a row every ${frequencyName(frequency)}` : "";
  return [
    `${target}: ${count(rows.train, "row")} to learn from, ${rows.validation} to compare with${every}; a value is expected by the ${window} before it`,
    `Mean absolute error of what is expected: ${short(errors.network)}; by the value before ${short(errors.last)}${season}`,
    `P-values go by ${calibration} errors: none is below ${short(1 / (calibration + 1))}`,
  ];
}

const short = (value: number) => Number(value.toPrecision(4)).toString();
