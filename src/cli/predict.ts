import type { CAC, Command } from "cac";
import { encodeRows, type Vocabulary } from "../data/vocabulary.ts";
import { LstmkitError } from "../errors.ts";
import { loadModel } from "../io/file-node.ts";
import { readTextMetadata } from "../io/text-metadata.ts";
import { createRuntime } from "../node.ts";
import type { Model } from "../train/model.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { noVocabulary } from "./data-source.ts";
import { print, printJson } from "./print.ts";

export function declarePredict(cli: CAC): Command {
  return cli
    .command(
      "predict <model> [text]",
      "Class of a text, or of each line of the input: probability of class 1, class, text",
    )
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example('lstmkit predict model.safetensors "You have won a prize"')
    .example("lstmkit predict model.safetensors < mails.txt");
}

/** @returns the exit code */
export async function predict(args: Arguments): Promise<number> {
  const [path, text] = args.positionals as [string, string | undefined];
  const isPiped = text === undefined || text === "-";
  if (isPiped && process.stdin.isTTY) {
    throw new UsageError(
      "there is no text; wanted one as the second argument, or lines on the standard input.",
    );
  }
  const model = await loadModel(await createRuntime(), path);
  const { vocabulary, classes = ["0", "1"] } = readTextMetadata(model);
  if (!vocabulary) throw noVocabulary();
  checkHead(model);
  for await (const texts of isPiped ? inPieces(inputLines(), rowsAtOnce(vocabulary)) : [[text]]) {
    for (const [i, probability] of (await probabilities(model, vocabulary, texts)).entries()) {
      const label = classes[probability > 0.5 ? 1 : 0]!;
      if (args.has("json")) printJson({ event: "predict", text: texts[i], probability, label });
      else print(`${probability.toFixed(4)}\t${label}\t${oneLine(texts[i]!)}`);
    }
  }
  return 0;
}

async function probabilities(
  model: Model,
  vocabulary: Vocabulary,
  texts: readonly string[],
): Promise<Float32Array> {
  const { data } = await model.predict(encodeRows(vocabulary, texts), { batchSize: 128 });
  return data;
}

/** @throws BAD_LAYER for a model that gives something else than one probability a text */
export function checkHead({ layers }: Model): void {
  const head = layers.at(-1)!;
  const isSequence = layers.some(
    (layer, i) => "returnSequences" in layer && layer.returnSequences && layers[i + 1]?.type === "dense",
  );
  if (head.type === "dense" && head.units === 1 && head.activation === "sigmoid" && !isSequence) return;
  throw new LstmkitError(
    "BAD_LAYER",
    'the model does not give one probability a text; wanted one that ends in dense({ units: 1, activation: "sigmoid" }) after a last output.',
  );
}

/** The lines of stdin, as many at a time as have arrived: a slow writer gets its answers at once. */
async function* inputLines(): AsyncGenerator<string[]> {
  let rest = "";
  for await (const piece of process.stdin.setEncoding("utf8")) {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop()!;
    if (lines.length > 0) yield lines;
  }
  if (rest !== "") yield [rest];
}

/** Ids that are made at once: 16 MB. The file says how long a row is, and its writer need not mean well. */
const IDS_AT_ONCE = 2 ** 22;

const rowsAtOnce = ({ maxLen = 1 }: Vocabulary) => Math.max(1, Math.floor(IDS_AT_ONCE / maxLen));

async function* inPieces(batches: AsyncIterable<string[]>, most: number): AsyncGenerator<string[]> {
  for await (const texts of batches) {
    for (let from = 0; from < texts.length; from += most) yield texts.slice(from, from + most);
  }
}

/** A text may hold line breaks, and codes that would move a terminal's cursor. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").trim();
}
