import type { CAC, Command } from "cac";
import { loadBirths } from "../node.ts";
import { show } from "../options.ts";
import { forecastLines } from "../picture/forecast-terminal.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { csvLines, forecastView } from "./forecast-output.ts";
import { ForecastTraining } from "./forecast-report.ts";
import { catchInterruption, INTERRUPTED } from "./interruption.ts";
import { print, printJson } from "./print.ts";
import { declareRuntimeFlags, openRuntime, readRuntimeFlags } from "./runtime-flags.ts";
import { BIRTHS_HORIZON, holidaysFor, trainOn } from "./train-forecast.ts";

interface Demo {
  /** What it shows, in a line. */
  readonly about: string;
  /** Gives the exit code. */
  readonly run: (args: Arguments) => Promise<number>;
}

/** What there is to be seen without a file of one's own: a task a line. */
const DEMOS: Readonly<Record<string, Demo>> = {
  forecast: { about: "births in the United States, four weeks ahead", run: demoForecast },
};

export function declareDemo(cli: CAC): Command {
  const command = cli
    .command("demo <task>", `A task with data that ship with the package: ${Object.keys(DEMOS).join(", ")}`)
    .option("--seed <n>", "Fixes the weights, byte for byte", { default: 0 })
    .option("--epochs <n>", "At most; default: by the data")
    .option("--json", "Events for programs on stdout, one JSON object a line");
  for (const name of Object.keys(DEMOS)) command.example(`lstmkit demo ${name}`);
  return declareRuntimeFlags(command);
}

/** @returns the exit code */
export async function demo(args: Arguments): Promise<number> {
  const [name] = args.positionals as [string];
  if (Object.hasOwn(DEMOS, name)) return DEMOS[name]!.run(args);
  const all = Object.entries(DEMOS).map(([task, { about }]) => `${task} (${about})`);
  throw new UsageError(`there is no demo ${show(name)}; wanted ${all.join(", ")}.`);
}

async function demoForecast(args: Arguments): Promise<number> {
  const seed = args.wholeNumber("seed", 0, 2 ** 32 - 1);
  const epochs = args.has("epochs") ? { epochs: args.wholeNumber("epochs", 1) } : {};
  const runtime = readRuntimeFlags(args);
  const isJson = args.has("json");
  const progress = new ForecastTraining(isJson);
  const signal = catchInterruption(() => progress.stopping());
  try {
    const set = await loadBirths();
    const holidays = await holidaysFor("US", set);
    const kit = await openRuntime(args, runtime);
    const options = { horizon: BIRTHS_HORIZON, holidays, seed, ...epochs };
    const model = await trainOn(kit, "births", set, options, { progress, signal, isJson });
    if (!model) return INTERRUPTED;
    const made = await model.predict(set);
    if (isJson) printJson({ event: "forecast", ...made });
    else {
      const columns = process.stdout.columns || 80;
      print(`\n${forecastLines(forecastView(made, set, set), { columns }).join("\n")}\n`);
      for (const line of csvLines(made, set)) print(line);
      print("\nThe same with a file of your own: lstmkit train sales.csv --task forecast --horizon 28");
    }
    return 0;
  } finally {
    progress.close();
  }
}
