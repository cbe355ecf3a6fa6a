/** The command line: finds the command, runs it, and turns what it throws into a message and a code. */
import { type CAC, type Command, cac } from "cac";
import { version } from "../../package.json";
import { LstmkitError } from "../errors.ts";
import { Arguments, UsageError } from "./arguments.ts";
import { declareDemo, demo } from "./demo.ts";
import { declareDetect, detect } from "./detect.ts";
import { declareEvaluate, evaluate } from "./evaluate.ts";
import { backtest, declareBacktest, declareForecast, forecast } from "./forecast.ts";
import { declareGenerate, generate } from "./generate.ts";
import { declareInspect, inspect } from "./inspect.ts";
import { declarePredict, predict } from "./predict.ts";
import { complain, printJson, warn } from "./print.ts";
import { declareQuantize, quantize } from "./quantize.ts";
import { failRanks, findRanks, joinRanks, leaveRanks, rankPrefix } from "./ranks.ts";
import { declareTrain, train } from "./train.ts";
import { declareTrainClassify, trainClassify } from "./train-classify.ts";
import { declareTrainDetect, trainDetect } from "./train-detect.ts";
import { declareTrainForecast, trainForecast } from "./train-forecast.ts";
import { declareTrainGenerate, trainGenerate } from "./train-generate.ts";

interface CommandFile {
  readonly declare: (cli: CAC) => Command;
  /** Gives the exit code. */
  readonly run: (args: Arguments) => Promise<number>;
}

const COMMANDS: Readonly<Record<string, CommandFile>> = {
  train: { declare: declareTrain, run: train },
  evaluate: { declare: declareEvaluate, run: evaluate },
  predict: { declare: declarePredict, run: predict },
  inspect: { declare: declareInspect, run: inspect },
  quantize: { declare: declareQuantize, run: quantize },
  generate: { declare: declareGenerate, run: generate },
  forecast: { declare: declareForecast, run: forecast },
  backtest: { declare: declareBacktest, run: backtest },
  detect: { declare: declareDetect, run: detect },
  demo: { declare: declareDemo, run: demo },
};

/** `train --task …`: commands of their own, each with its flags and its help. */
const TRAIN_TASKS: Readonly<Record<string, CommandFile>> = {
  classify: { declare: declareTrainClassify, run: trainClassify },
  detect: { declare: declareTrainDetect, run: trainDetect },
  generate: { declare: declareTrainGenerate, run: trainGenerate },
  forecast: { declare: declareTrainForecast, run: trainForecast },
};

async function run(argv: readonly string[]): Promise<number> {
  const [name = "", ...rest] = argv;
  if (name === "train") findRanks();
  const task = name === "train" ? taskOf(rest) : undefined;
  const files = task ? { train: task } : COMMANDS;
  const cli = cac("lstmkit").help().version(version);
  const declared = new Map(Object.entries(files).map(([name, { declare }]) => [name, declare(cli)]));
  const { options } = cli.parse(["node", "lstmkit", ...argv], { run: false });
  if (options.help) return 0; // cac has printed it
  if (name === "--version" || name === "-v") return 0;
  const command = declared.get(name);
  if (!command) {
    const found = name === "" ? "no command" : `${JSON.stringify(name)} is no command`;
    throw new UsageError(`${found}; wanted ${[...declared.keys()].join(", ")} as the first argument.`);
  }
  const args = new Arguments(command, rest);
  if (name === "train") await joinRanks(args.has("json"));
  return files[name]!.run(args);
}

/** The task that train is given; undefined for none. @throws UsageError */
function taskOf(argv: readonly string[]): CommandFile | undefined {
  const at = argv.findIndex((word) => word === "--task" || word.startsWith("--task="));
  if (at < 0) return undefined;
  const name = argv[at]!.slice("--task=".length) || argv[at + 1] || "";
  if (Object.hasOwn(TRAIN_TASKS, name)) return TRAIN_TASKS[name];
  throw new UsageError(`--task is ${JSON.stringify(name)}; wanted ${Object.keys(TRAIN_TASKS).join(", ")}.`);
}

/** The exit code for an error, which is told on stderr, and with --json on stdout as well. */
function report(error: unknown, argv: readonly string[]): number {
  const who = rankPrefix();
  const isJson = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length).includes("--json");
  if (error instanceof LstmkitError) {
    const { code } = error;
    if (isJson) printJson({ event: "error", code, message: error.message.slice(code.length + 2) });
    complain(`${who}lstmkit: ${error.message}`);
  } else {
    const message = error instanceof Error ? error.message : String(error);
    if (isJson) printJson({ event: "error", code: "UNEXPECTED", message });
    complain(`${who}lstmkit: ${error instanceof Error ? error.stack : message}`);
  }
  if (!(error instanceof UsageError)) return 1;
  const command = Object.hasOwn(COMMANDS, argv[0] ?? "") ? ` ${argv[0]}` : "";
  warn(`Try lstmkit${command} --help.`);
  return 2;
}

/**
 * A reader of our output that goes away, as head does, ends the command without a message; one that
 * has something to save, and so listens to Ctrl-C, is stopped as by that.
 */
function watchOutput(): void {
  let isLost = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (isLost) return;
    isLost = true;
    if (error.code !== "EPIPE") {
      warn(`lstmkit: FILE_UNWRITABLE: standard output cannot be written (${error.code}).`);
      process.exit(1);
    }
    if (process.listenerCount("SIGINT") > 0) process.emit("SIGINT");
    else process.exit(0);
  });
  process.stderr.on("error", () => {}); // there is nobody left to tell
}

watchOutput();
const argv = process.argv.slice(2);
// Setting the code, not exit(), lets a slow reader of our output have all of it.
const code = await run(argv).catch(async (error: unknown) => {
  const isOurs = await failRanks(error);
  return isOurs ? report(error, argv) : 1;
});
process.exitCode = await leaveRanks(code);
