/** The commands that train, for the command line and for those that run many of them. */
import { type CAC, type Command, cac } from "cac";
import { Arguments, UsageError } from "./arguments.ts";
import { checkTrain, declareTrain, train } from "./train.ts";
import { checkTrainClassify, declareTrainClassify, trainClassify } from "./train-classify.ts";
import { checkTrainDetect, declareTrainDetect, trainDetect } from "./train-detect.ts";
import { checkTrainForecast, declareTrainForecast, trainForecast } from "./train-forecast.ts";
import { checkTrainGenerate, declareTrainGenerate, trainGenerate } from "./train-generate.ts";

export interface CommandFile {
  readonly declare: (cli: CAC) => Command;
  /** Gives the exit code. */
  readonly run: (args: Arguments) => Promise<number>;
}

export interface TrainCommand extends CommandFile {
  /** Throws UsageError for flags that run would refuse, before any data are read. */
  readonly check: (args: Arguments) => void | Promise<void>;
}

export const TRAIN: TrainCommand = { declare: declareTrain, run: train, check: checkTrain };

/** `train --task …`: commands of their own, each with its flags and its help. */
export const TRAIN_TASKS: Readonly<Record<string, TrainCommand>> = {
  classify: { declare: declareTrainClassify, run: trainClassify, check: checkTrainClassify },
  detect: { declare: declareTrainDetect, run: trainDetect, check: checkTrainDetect },
  generate: { declare: declareTrainGenerate, run: trainGenerate, check: checkTrainGenerate },
  forecast: { declare: declareTrainForecast, run: trainForecast, check: checkTrainForecast },
};

/** The task that train is given; undefined for none. @throws UsageError */
export function taskOf(argv: readonly string[]): TrainCommand | undefined {
  const at = argv.findIndex((word) => word === "--task" || word.startsWith("--task="));
  if (at < 0) return undefined;
  const name = argv[at]!.slice("--task=".length) || argv[at + 1] || "";
  if (Object.hasOwn(TRAIN_TASKS, name)) return TRAIN_TASKS[name];
  throw new UsageError(`--task is ${JSON.stringify(name)}; wanted ${Object.keys(TRAIN_TASKS).join(", ")}.`);
}

/** The arguments of a command that another runs, such as those of `train` behind its name. @throws UsageError */
export const argumentsOf = ({ declare }: CommandFile, argv: readonly string[]): Arguments =>
  new Arguments(declare(cac("lstmkit")), argv);
