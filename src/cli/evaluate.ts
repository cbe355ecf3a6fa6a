import type { CAC, Command } from "cac";
import { readTextMetadata } from "../data/text-metadata.ts";
import { loadModel } from "../model-file-node.ts";
import { createRuntime } from "../node.ts";
import type { Arguments } from "./arguments.ts";
import { findDataSource, type ModelRows, readForModel } from "./data-source.ts";
import { lossAndAccuracy, print, printJson, warn } from "./print.ts";
import { FetchProgress, LiveLine, liveStream } from "./progress.ts";
import { declareRuntimeFlags, readRuntimeFlags } from "./runtime-flags.ts";
import { declareCsvFlags, readCsvFlags } from "./text-flags.ts";

/** Texts in a batch where nothing else is asked for; in train as well, so that the two agree. */
export const EVALUATION_BATCH = 128;

export function declareEvaluate(cli: CAC): Command {
  const command = cli
    .command(
      "evaluate <model> <data>",
      "Loss and accuracy of a model: on spam, imdb, a .csv file or a path of imdb",
    )
    .option("--batch <n>", "Texts in a batch", { default: EVALUATION_BATCH })
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit evaluate model.safetensors spam")
    .example("lstmkit evaluate model.safetensors reviews.csv");
  return declareRuntimeFlags(declareCsvFlags(command));
}

/** @returns the exit code */
export async function evaluate(args: Arguments): Promise<number> {
  const [path, name] = args.positionals as [string, string];
  const batchSize = args.wholeNumber("batch", 1);
  const runtime = readRuntimeFlags(args);
  const source = await findDataSource(name);
  const csv = readCsvFlags(args, source);

  const model = await loadModel(await createRuntime(runtime), path);
  const metadata = readTextMetadata(model);
  const isJson = args.has("json");
  const live = new LiveLine(isJson ? null : liveStream());
  try {
    const fetching = new FetchProgress(live);
    const onProgress = (received: number, total: number) => fetching.show(received, total);
    const rows = await readForModel(source, metadata, { csv, onProgress });
    const { x, y } = alignClasses(rows, metadata.classes);
    live.draw(() => "Evaluating");
    const logs = await model.evaluate(x, y, { batchSize });
    const samples = x.shape[0]!;
    live.clear();
    if (!isJson) print(lossAndAccuracy(logs, samples));
    else printJson({ event: "evaluate", split: source.kind === "csv" ? "all" : "test", ...logs, samples });
  } finally {
    live.clear();
  }
  return 0;
}

/** Labels by the model's classes: turned round where the same two names have the other order. */
function alignClasses(rows: ModelRows, classes: readonly [string, string] | undefined): ModelRows {
  const [first, second] = rows.classes;
  if (!classes || (first === classes[0] && second === classes[1])) return rows;
  if (first === classes[1] && second === classes[0]) {
    return { ...rows, y: { ...rows.y, data: rows.y.data.map((label) => 1 - label) }, classes };
  }
  warn(
    `The data's classes are called ${first} and ${second}; they are taken for the model's ${classes.join(" and ")}.`,
  );
  return rows;
}
