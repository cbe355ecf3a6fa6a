import { extname } from "node:path";
import type { CAC, Command } from "cac";
import { withoutMark } from "../data/decode-text.ts";
import { readTextMetadata } from "../data/text-metadata.ts";
import { checkWritable, writeWhole } from "../disk/disk-node.ts";
import type { LstmkitError } from "../errors.ts";
import { createRuntime } from "../node.ts";
import { show } from "../options.ts";
import { type Inspection, inspectText, leaning, select } from "../picture/inspection.ts";
import { inspectionPage } from "../picture/page.ts";
import { inspectionSvg } from "../picture/svg.ts";
import { terminalLines } from "../picture/terminal.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { noVocabulary } from "./data-source.ts";
import { count, print, printJson, warn } from "./print.ts";
import { inputText } from "./standard-input.ts";
import { declareEncoding, readEncoding } from "./text-flags.ts";
import { checkHead, loadTextModel } from "./text-model.ts";

/** Columns where the output is no terminal. */
const COLUMNS = 80;

export function declareInspect(cli: CAC): Command {
  const command = cli
    .command(
      "inspect <model> [text]",
      "What a text does to a model: its gates, word by word, and the prediction as it forms",
    )
    .option("--out <path>", "Picture to write: .svg, or .html with the values under the pointer")
    .option("--layer <n>", "This layer alone of those with states, 1 for the lowest")
    .option("--gates <list>", "These of the gates and states alone, such as f,c of an LSTM")
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example('lstmkit inspect model.safetensors "You have won a prize"')
    .example("lstmkit inspect model.safetensors - --out gates.html < mail.txt");
  return declareEncoding(command, "Of the input");
}

/** @returns the exit code */
export async function inspect(args: Arguments): Promise<number> {
  const [path, given] = args.positionals as [string, string | undefined];
  const out = args.text("out");
  const draw = out === undefined ? null : drawingFor(out);
  const layer = args.has("layer") ? args.wholeNumber("layer", 1) : undefined;
  const isPiped = given === undefined || given === "-";
  const encoding = readEncoding(args, isPiped);
  if (isPiped && process.stdin.isTTY) {
    throw new UsageError("there is no text; wanted one as the second argument, or on the standard input.");
  }
  if (out !== undefined) await checkWritable(out);
  const model = await loadTextModel(await createRuntime(), path);
  const { vocabulary, classes = ["0", "1"] } = readTextMetadata(model);
  if (!vocabulary) throw noVocabulary();
  checkHead(model);
  const text = isPiped ? await inputText(encoding) : withoutMark(given);
  const whole = await inspectText(model, vocabulary, classes, text);
  if (!whole) throw new UsageError("the text has no word that the model reads; wanted one at least.");
  const inspection = select(whole, { layer, gates: readGates(args, whole) });
  if (inspection.layers.length === 0) throw nothingLeft(whole);

  if (out !== undefined && draw) await writeWhole(out, new TextEncoder().encode(draw(inspection)));
  if (args.has("json")) {
    for (const event of events(inspection)) printJson(event);
    if (out !== undefined) printJson({ event: "saved", out });
    return 0;
  }
  const { probability, cut } = inspection;
  print(`${probability.toFixed(4)}\t${leaning(inspection, probability)}`);
  if (cut > 0) warn(`${count(cut, "word")} cut off; the model reads ${inspection.steps.length}.`);
  if (out !== undefined) print(`Picture saved to ${out}`);
  else {
    const { columns = COLUMNS } = process.stdout;
    const colourDepth = process.stdout.isTTY ? process.stdout.getColorDepth() : 1;
    print(`\n${terminalLines(inspection, { columns, colourDepth }).join("\n")}`);
  }
  return 0;
}

/** @throws UsageError for a name that ends otherwise */
function drawingFor(path: string): (inspection: Inspection) => string {
  switch (extname(path).toLowerCase()) {
    case ".svg":
      return (inspection) => inspectionSvg(inspection, { titles: true });
    case ".html":
    case ".htm":
      return inspectionPage;
    default:
      throw new UsageError(`--out is ${JSON.stringify(path)}; wanted a name that ends in .svg or .html.`);
  }
}

/** @throws UsageError for a name that no layer of the model has */
function readGates(args: Arguments, { layers }: Inspection): string[] | undefined {
  const value = args.text("gates");
  if (value === undefined) return undefined;
  const wanted = value.split(",");
  const names = [...new Set(layers.flatMap(({ panels }) => panels.map(({ name }) => name)))];
  if (wanted.every((name) => names.includes(name)) && new Set(wanted).size === wanted.length) return wanted;
  throw new UsageError(
    `--gates is ${show(value)}; wanted some of ${names.join(",")}, each once, with commas between.`,
  );
}

function nothingLeft({ layers }: Inspection): LstmkitError {
  const had = layers.map(
    ({ name, panels }, i) => `${i + 1} (${name}: ${panels.map((panel) => panel.name).join(",")})`,
  );
  return new UsageError(
    `nothing is left to show; wanted --layer and --gates that the model has: ${had.join(", ")}.`,
  );
}

/** The verdict, the words, and each layer's values at each of them. */
function* events(inspection: Inspection): Generator<{ event: string } & Record<string, unknown>> {
  const { text, steps, cut, probabilities, probability, layers } = inspection;
  const label = leaning(inspection, probability);
  yield { event: "inspect", text, probability, label, words: steps.length, cut };
  for (const [step, { word, known }] of steps.entries()) {
    yield { event: "word", step, word, known, probability: probabilities[step] };
  }
  for (const { name, units, panels } of layers) {
    for (const step of steps.keys()) {
      const values = panels.map(({ name, values }) => [
        name,
        Array.from(values.subarray(step * units, (step + 1) * units)),
      ]);
      yield { event: "step", layer: name, step, ...Object.fromEntries(values) };
    }
  }
}
