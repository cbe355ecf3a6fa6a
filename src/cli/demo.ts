/** `demo <task>`: a task from the data that ship with the package to an answer, in a minute or two. */
import type { CAC, Command } from "cac";
import { checkWritable } from "../disk/disk-node.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { demoClassify } from "./demo-classify.ts";
import { demoForecast } from "./demo-forecast.ts";
import { demoGenerate } from "./demo-generate.ts";
import type { DemoRun } from "./demo-run.ts";
import { catchInterruption } from "./interruption.ts";
import { declareRuntimeFlags, openRuntime, readRuntimeFlags } from "./runtime-flags.ts";

interface Demo {
  /** In a few words, for the help. */
  readonly about: string;
  /** Gives the exit code. */
  readonly run: (demo: DemoRun) => Promise<number>;
}

/** A line a task. */
const DEMOS: Readonly<Record<string, Demo>> = {
  forecast: { about: "births in the United States, four weeks ahead", run: demoForecast },
  classify: { about: "reads handwritten digits", run: demoClassify },
  generate: { about: "goes on with Moby-Dick", run: demoGenerate },
};

export function declareDemo(cli: CAC): Command {
  const tasks = Object.entries(DEMOS).map(([task, { about }]) => `${task} (${about})`);
  const command = cli
    .command("demo <task>", `A task on data that come with the package: ${tasks.join(", ")}`)
    .option("--seed <n>", "Fixes the weights, byte for byte", { default: 0 })
    .option("--epochs <n>", "At most; default: by the task")
    .option("--out <path>", "Model file to write; default none")
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example(`lstmkit demo ${Object.keys(DEMOS)[0]}`);
  return declareRuntimeFlags(command);
}

/** @returns the exit code */
export async function demo(args: Arguments): Promise<number> {
  const [task] = args.positionals as [string];
  if (!Object.hasOwn(DEMOS, task)) {
    throw new UsageError(
      `${JSON.stringify(task)} is no task with a demo; wanted ${Object.keys(DEMOS).join(", ")}.`,
    );
  }
  const seed = args.wholeNumber("seed", 0, 2 ** 32 - 1);
  const epochs = args.has("epochs") ? { epochs: args.wholeNumber("epochs", 1) } : {};
  const out = args.text("out") ?? null;
  const options = readRuntimeFlags(args);
  if (out !== null) await checkWritable(out);
  const signal = catchInterruption(() => {});
  const kit = await openRuntime(args, options);
  const code = await DEMOS[task]!.run({ kit, seed, epochs, out, isJson: args.has("json"), signal });
  await kit.close();
  return code;
}
