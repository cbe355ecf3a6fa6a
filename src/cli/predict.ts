import type { CAC, Command } from "cac";
import { countWords } from "../data/counts.ts";
import { withoutMark } from "../data/decode-text.ts";
import { readTextMetadata } from "../data/text-metadata.ts";
import { encodeRows, wordsOf } from "../data/vocabulary.ts";
import type { Vocabulary } from "../data/vocabulary-options.ts";
import { createRuntime } from "../node.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { classifierBytes } from "./classify-model.ts";
import { noVocabulary } from "./data-source.ts";
import { predictClassify } from "./predict-classify.ts";
import { print, printJson } from "./print.ts";
import { declareStepFlags, refuseStepFlags } from "./sequence-flags.ts";
import { inputLines } from "./standard-input.ts";
import { declareEncoding, readEncoding } from "./text-flags.ts";
import { checkHead, loadTextModel } from "./text-model.ts";

export function declarePredict(cli: CAC): Command {
  const command = cli
    .command(
      "predict <model> [text]",
      "Class of a text, of each line of the input, or, with a model of --task classify, of a file's sequences",
    )
    .option("--top <n>", "With a model of --task classify: so many classes, the likeliest first", {
      default: 1,
    })
    .option(
      "--part <i/k>",
      "With a model of --task classify and a file: of its sequences the i-th of k parts",
    )
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example('lstmkit predict model.safetensors "You have won a prize"')
    .example("lstmkit predict model.safetensors < mails.txt")
    .example("lstmkit predict model.safetensors new.csv --top 3");
  declareStepFlags(command).option("--text <column>", "Column of a .csv file with the texts");
  return declareEncoding(command, "Of the input");
}

/** @returns the exit code */
export async function predict(args: Arguments): Promise<number> {
  const [path, text] = args.positionals as [string, string | undefined];
  const classifier = await classifierBytes(path);
  if (classifier) return predictClassify(args, classifier);
  refuseStepFlags(args, ["top", "id", "time", "features", "text", "part"]);
  const isPiped = text === undefined || text === "-";
  const encoding = readEncoding(args, isPiped);
  if (isPiped && process.stdin.isTTY) {
    throw new UsageError(
      "there is no text; wanted one as the second argument, or lines on the standard input.",
    );
  }
  const model = await loadTextModel(await createRuntime(), path);
  const { vocabulary, classes = ["0", "1"] } = readTextMetadata(model);
  if (!vocabulary) throw noVocabulary();
  checkHead(model);
  for await (const texts of isPiped
    ? inPieces(inputLines(encoding), rowsAtOnce(vocabulary))
    : [[withoutMark(text)]]) {
    const x = encodeRows(vocabulary, texts);
    // Lines come a few at a time, and have most of their words in common.
    const { data } = await model.predict(x, { batchSize: 128, cacheTokens: isPiped });
    for (const [i, probability] of data.entries()) {
      const text = texts[i]!;
      const label = classes[probability > 0.5 ? 1 : 0]!;
      if (args.has("json")) {
        const ids = x.data.subarray(i * x.shape[1]!, (i + 1) * x.shape[1]!);
        const counts = countWords(ids, vocabulary, () => [wordsOf(vocabulary, text)]);
        printJson({ event: "predict", text, probability, label, ...counts });
      } else print(`${probability.toFixed(4)}\t${label}\t${oneLine(text)}`);
    }
  }
  return 0;
}

/** Ids that are made at once: 4 MB. The file says how long a row is, and its writer need not mean well. */
const IDS_AT_ONCE = 2 ** 20;

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
