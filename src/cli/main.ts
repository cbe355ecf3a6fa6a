/** The command line: finds the command, runs it, and turns what it throws into a message and a code. */
import { workerData } from "node:worker_threads";
import { cac } from "cac";
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
import { JOB_THREAD, serveJobs } from "./sweep/job-thread.ts";
import { declareScore, score } from "./sweep/score.ts";
import { declareSweep, sweep } from "./sweep/sweep.ts";
import { declareWork, work } from "./sweep/work.ts";
import { type CommandFile, TRAIN, taskOf } from "./train-commands.ts";

const COMMANDS: Readonly<Record<string, CommandFile>> = {
  train: TRAIN,
  sweep: { declare: declareSweep, run: sweep },
  score: { declare: declareScore, run: score },
  work: { declare: declareWork, run: work },
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

if (workerData === JOB_THREAD) serveJobs();
else {
  watchOutput();
  const argv = process.argv.slice(2);
  // Setting the code, not exit(), lets a slow reader of our output have all of it.
  const code = await run(argv).catch(async (error: unknown) => {
    const isOurs = await failRanks(error);
    return isOurs ? report(error, argv) : 1;
  });
  process.exitCode = await leaveRanks(code);
}
