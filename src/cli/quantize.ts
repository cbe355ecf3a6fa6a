import { realpath, stat } from "node:fs/promises";
import type { CAC, Command } from "cac";
import { readTextMetadata } from "../data/text-metadata.ts";
import { checkWritable, writeWhole } from "../disk/disk-node.ts";
import type { Logs, Model } from "../train/model.ts";
import { quantize as quantizeModel } from "../train/quantize.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { type DataSource, findDataSource } from "./data-source.ts";
import { EVALUATION_BATCH } from "./evaluate.ts";
import { readForModel } from "./model-rows.ts";
import { lossAndMetrics, print, printJson } from "./print.ts";
import { FetchProgress, LiveLine, liveStream } from "./progress.ts";
import { declareRuntimeFlags, openRuntime, readRuntimeFlags } from "./runtime-flags.ts";
import { declareClasses, declareCsvFlags, readClasses, readCsvFlags } from "./text-flags.ts";
import { loadTextModel } from "./text-model.ts";

export function declareQuantize(cli: CAC): Command {
  const command = cli
    .command("quantize <model>", "The model with weights in int8, a quarter as large, in a file of its own")
    .option("--out <path>", "Model file to write; one that is there is replaced")
    .option("--data <data>", "Measure both on spam, imdb, a .csv file or a path of imdb")
    .option("--batch <n>", "Texts in a batch", { default: EVALUATION_BATCH })
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit quantize model.safetensors --out small.safetensors")
    .example("lstmkit quantize model.safetensors --out small.safetensors --data imdb");
  return declareRuntimeFlags(declareCsvFlags(declareClasses(command)));
}

/** @returns the exit code */
export async function quantize(args: Arguments): Promise<number> {
  const [path] = args.positionals as [string];
  const out = args.text("out");
  if (out === undefined) throw new UsageError("--out is missing; wanted the path of the file to write.");
  const batchSize = args.wholeNumber("batch", 1);
  const options = readRuntimeFlags(args);
  const name = args.text("data");
  const source = name === undefined ? undefined : await findDataSource(name);
  const csv = readCsvFlags(args, source);
  const rename = readClasses(args);
  if (await isSameFile(path, out)) {
    throw new UsageError(
      `--out is ${JSON.stringify(out)}, the model itself, which is wanted to train on. Give another path.`,
    );
  }

  const runtime = await openRuntime(args, options);
  const model = await loadTextModel(runtime, path);
  await checkWritable(out);
  const rows = source && (await read(source, model, { csv, rename }, args.has("json")));
  const bytes = await quantizeModel(model);
  const small = await runtime.load(bytes);
  const measured = rows && {
    before: await model.evaluate(rows.x, rows.y, { batchSize }),
    after: await small.evaluate(rows.x, rows.y, { batchSize }),
    samples: rows.x.shape[0]!,
  };
  await writeWhole(out, bytes);
  await report(args, { path, out, small, bytes: bytes.length, measured });
  await runtime.close();
  return 0;
}

async function read(
  source: DataSource,
  model: Model,
  how: Pick<Parameters<typeof readForModel>[2], "csv" | "rename">,
  isJson: boolean,
) {
  const live = new LiveLine(isJson ? null : liveStream());
  const fetching = new FetchProgress(live);
  try {
    const onProgress = (received: number, total: number) => fetching.show(received, total);
    return await readForModel(source, readTextMetadata(model), { ...how, onProgress });
  } finally {
    live.clear();
  }
}

interface Done {
  readonly path: string;
  readonly out: string;
  readonly small: Model;
  readonly bytes: number;
  readonly measured: { before: Logs; after: Logs; samples: number } | undefined;
}

async function report(args: Arguments, { path, out, small, bytes, measured }: Done): Promise<void> {
  const { size } = await stat(path);
  const digest = await small.digest();
  const weights = (await small.getWeights()).map(({ name }) => name);
  const held = small.layers
    .map(({ name }) => ({ name, own: weights.filter((weight) => weight.startsWith(`${name}/`)) }))
    .filter(({ own }) => own.length > 0)
    .map(({ name, own }) => ({ name, isInt8: own.some((weight) => small.quantized.includes(weight)) }));
  const int8 = held.filter(({ isInt8 }) => isInt8).map(({ name }) => name);
  const f32 = held.filter(({ isInt8 }) => !isInt8).map(({ name }) => name);
  const lost = measured && pointsLost(measured);
  if (args.has("json")) {
    const { before, after, samples } = measured ?? {};
    const results = measured && { before, after, samples, ...(lost !== undefined && { pointsLost: lost }) };
    const bits = { int8, f32, weights: small.quantized };
    printJson({ event: "quantize", out, bytes: { before: size, after: bytes }, ...bits, digest, ...results });
    return;
  }
  print(`In int8: ${int8.join(", ") || "none, as each is small"}`);
  print(`In f32: ${[...f32, "biases"].join(", ")}`);
  if (measured) {
    print(`Before: ${lossAndMetrics(measured.before, measured.samples)}`);
    print(`After:  ${lossAndMetrics(measured.after, measured.samples)}`);
    if (lost !== undefined) print(`Accuracy lost: ${lost.toFixed(2)} points`);
  }
  const share = ((100 * bytes) / size).toFixed(1);
  print(`Digest: ${digest}`);
  print(
    `Model saved to ${out}: ${bytes.toLocaleString("en-US")} bytes, ${share} % of ${size.toLocaleString("en-US")}`,
  );
}

/** Hundredths of the accuracy; below 0 where the small model is the better. */
function pointsLost({ before, after }: { before: Logs; after: Logs }): number | undefined {
  if (before.accuracy === undefined || after.accuracy === undefined) return undefined;
  return 100 * (before.accuracy - after.accuracy);
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => realpath(path).catch(() => null)));
  return one !== null && one === other;
}
