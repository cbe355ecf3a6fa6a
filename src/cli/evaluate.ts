import type { CAC, Command } from "cac";
import { readTextMetadata } from "../data/text-metadata.ts";
import type { Arguments } from "./arguments.ts";
import { classifierBytes } from "./classify-model.ts";
import { findDataSource } from "./data-source.ts";
import { evaluateClassify } from "./evaluate-classify.ts";
import { readForModel } from "./model-rows.ts";
import { countEvent, countLine, factLines } from "./part-lines.ts";
import { lossAndMetrics, print, printJson } from "./print.ts";
import { FetchProgress, LiveLine, liveStream } from "./progress.ts";
import { declareRuntimeFlags, openRuntime, readRuntimeFlags } from "./runtime-flags.ts";
import { declareStepFlags, refuseStepFlags } from "./sequence-flags.ts";
import { declareClasses, declareCsvFlags, readClasses, readCsvFlags } from "./text-flags.ts";
import { loadTextModel } from "./text-model.ts";

/** Texts in a batch where nothing else is asked for; in train as well, so that the two agree. */
export const EVALUATION_BATCH = 128;

export function declareEvaluate(cli: CAC): Command {
  const command = cli
    .command(
      "evaluate <model> <data>",
      "Loss and accuracy of a model: on spam, imdb, a .csv file or a path of imdb; of --task classify on its data",
    )
    .option("--batch <n>", "Texts in a batch", { default: EVALUATION_BATCH })
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit evaluate model.safetensors spam")
    .example("lstmkit evaluate model.safetensors reviews.csv")
    .example("lstmkit evaluate model.safetensors numbered.csv --classes 0=negative,1=positive");
  declareStepFlags(declareCsvFlags(declareClasses(command))).option(
    "--report <path>",
    "With a model of --task classify: the report as a file, .csv, .html or .json",
  );
  return declareRuntimeFlags(command);
}

/** @returns the exit code */
export async function evaluate(args: Arguments): Promise<number> {
  const [path, name] = args.positionals as [string, string];
  const classifier = await classifierBytes(path);
  if (classifier) return evaluateClassify(args, classifier);
  refuseStepFlags(args, ["id", "time", "features", "report"]);
  const batchSize = args.wholeNumber("batch", 1);
  const runtime = readRuntimeFlags(args);
  const source = await findDataSource(name);
  const csv = readCsvFlags(args, source);
  const rename = readClasses(args);
  const isWhole = source.kind === "csv";

  const kit = await openRuntime(args, runtime);
  const model = await loadTextModel(kit, path);
  const metadata = readTextMetadata(model);
  const isJson = args.has("json");
  const live = new LiveLine(isJson ? null : liveStream());
  try {
    const fetching = new FetchProgress(live);
    const onProgress = (received: number, total: number) => fetching.show(received, total);
    const rows = await readForModel(source, metadata, { csv, rename, onProgress });
    const { x, y, classes, names, counts } = rows;
    live.draw(() => "Evaluating");
    const logs = await model.evaluate(x, y, { batchSize });
    live.clear();
    const { samples, ...others } = countEvent(counts);
    if (isJson) {
      const split = isWhole ? "all" : "test";
      const mapping = Object.fromEntries(
        Object.entries(names).map(([name, label]) => [name, classes[label]]),
      );
      printJson({ event: "evaluate", split, ...logs, samples, classes, names: mapping, ...others });
    } else {
      print(`${name}: ${isWhole ? "" : "test "}${countLine(counts, classes)}`);
      for (const line of factLines(counts, classes, isWhole ? "these texts" : "the test part")) print(line);
      print(lossAndMetrics(logs, samples));
    }
  } finally {
    live.clear();
  }
  return 0;
}
