/** predict, with a model of the task classify. */
import type { SequenceSet } from "../data/labelled/set.ts";
import { createRuntime } from "../node.ts";
import { type ClassifyPrediction, loadClassifier, type SequenceClassifier } from "../tasks/index.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { isDataPath, readingFor, sequencesAt } from "./classify-model.ts";
import { oneLineName } from "./part-lines.ts";
import { print, printJson } from "./print.ts";
import { readSequenceFlags } from "./sequence-flags.ts";
import { inputLines } from "./standard-input.ts";

/** @returns the exit code */
export async function predictClassify(args: Arguments, bytes: Uint8Array): Promise<number> {
  const [, given] = args.positionals;
  const isPiped = given === undefined || given === "-";
  if (isPiped && process.stdin.isTTY) {
    throw new UsageError(
      "there is nothing to predict; wanted a text, or the path of a file, as the second argument, or data on the standard input.",
    );
  }
  const top = args.text("top") === undefined ? 1 : args.wholeNumber("top", 1);
  const asked = readSequenceFlags(args);
  const part = readPart(args);
  const kit = await createRuntime();
  const model = await loadClassifier(kit, bytes);
  const reads = model.reads!;
  const tell = new Answers(model, top, args.has("json"));
  if (reads.input === "numbers" || (!isPiped && (await isDataPath(given)))) {
    if (!isPiped && !(await isDataPath(given))) {
      throw new UsageError(
        `${JSON.stringify(given)} is no file with sequences; the model reads numbers: wanted the path of a .csv, .tsv, .ts or .txt file, a folder of them, or - for a CSV file on the standard input.`,
      );
    }
    const all = await sequencesAt(isPiped ? "-" : given, { ...readingFor(reads, asked), labelled: false });
    const set = part ? partOf(all, part) : all;
    tell.all(set, await model.predict(set));
  } else {
    if (part)
      throw new UsageError(
        "--part is for the sequences of a file; there is a text here, or lines of the input.",
      );
    for await (const texts of isPiped ? inputLines(asked.encoding) : [[given]]) {
      const set = reads.input === "tokens" ? tokensOf(texts) : textsOf(texts);
      tell.all(set, await model.predict(set));
    }
  }
  await kit.close();
  return 0;
}

/** Undefined without the flag. @throws UsageError */
function readPart(args: Arguments): { readonly part: number; readonly of: number } | undefined {
  const value = args.text("part");
  if (value === undefined) return undefined;
  const [, part = 0, of = 0] = (/^(\d{1,7})\/(\d{1,7})$/.exec(value) ?? []).map(Number);
  if (part >= 1 && part <= of) return { part, of };
  throw new UsageError(
    `--part is ${JSON.stringify(value)}; wanted a part and how many there are, such as 1/4.`,
  );
}

/** Together, in their order, the parts are the set. */
function partOf(set: SequenceSet, { part, of }: { readonly part: number; readonly of: number }): SequenceSet {
  const at = (i: number) => Math.floor((i * set.sequences.length) / of);
  const take = <T>(list: readonly T[]) => list.slice(at(part - 1), at(part));
  return { ...set, sequences: take(set.sequences), places: take(set.places), targets: take(set.targets) };
}

const setOf = (input: "text" | "tokens", sequences: SequenceSet["sequences"]): SequenceSet => ({
  ...{ input, labels: null, features: [], sequences, targets: [], findings: [] },
  places: sequences.map((_, i) => `line ${i + 1}`),
});

const textsOf = (texts: readonly string[]) => setOf("text", texts);
const tokensOf = (texts: readonly string[]) =>
  setOf(
    "tokens",
    texts.map((text) =>
      text
        .trim()
        .split(/\s+/)
        .filter((token) => token !== ""),
    ),
  );

/** A text may hold line breaks, and codes that would move a terminal's cursor. */
const oneLine = (text: string) => text.replace(/\p{Cc}+/gu, " ").trim();

/** The answers, a line each: probability and class, others as they are asked for, and what they are for. */
class Answers {
  readonly #classes: readonly string[];
  readonly #kind: string;
  readonly #top: number;
  readonly #isJson: boolean;

  constructor({ classes, reads }: SequenceClassifier, top: number, isJson: boolean) {
    this.#classes = classes;
    this.#kind = reads!.labels;
    this.#top = Math.min(top, classes.length);
    this.#isJson = isJson;
  }

  all(set: SequenceSet, predictions: readonly ClassifyPrediction[]): void {
    for (const [i, prediction] of predictions.entries()) {
      const sequence = set.sequences[i]!;
      const text =
        typeof sequence === "string"
          ? sequence
          : sequence instanceof Float64Array
            ? undefined
            : sequence.join(" ");
      if (this.#kind === "steps") this.#steps(set, i, prediction);
      else this.#one(text, set.places[i]!, prediction);
    }
  }

  #one(
    text: string | undefined,
    place: string,
    { labels, confidences, probabilities }: ClassifyPrediction,
  ): void {
    const ranked = this.#ranked(probabilities);
    const shown =
      this.#kind === "many" && this.#top === 1
        ? labels.map((label, i) => ({ label, probability: confidences[i]! }))
        : ranked.slice(0, this.#top);
    if (this.#isJson) {
      const what = text === undefined ? { place } : { text };
      const answer =
        this.#kind === "many" ? { labels } : { probability: ranked[0]!.probability, label: ranked[0]!.label };
      printJson({
        event: "predict",
        ...what,
        ...answer,
        ...(this.#top > 1 || this.#kind === "many"
          ? {
              probabilities: Object.fromEntries(
                (this.#top > 1 ? shown : ranked).map(({ label, probability }) => [label, probability]),
              ),
            }
          : {}),
      });
      return;
    }
    const cells = shown.map(({ label, probability }) => `${probability.toFixed(4)}\t${oneLineName(label)}`);
    print(
      `${cells.length === 0 ? "-\t(none)" : cells.join("\t")}\t${text === undefined ? place : oneLine(text)}`,
    );
  }

  #ranked(probabilities: Float32Array): { label: string; probability: number }[] {
    const places = this.#classes
      .map((_, c) => c)
      .sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
    return places.map((c) => ({ label: this.#classes[c]!, probability: probabilities[c]! }));
  }

  #steps(set: SequenceSet, i: number, { labels, confidences }: ClassifyPrediction): void {
    const sequence = set.sequences[i]!;
    const tokens = sequence instanceof Float64Array ? undefined : (sequence as readonly string[]);
    if (this.#isJson) {
      const steps = labels.map((label, t) => ({
        ...(tokens && { token: tokens[t]! }),
        label,
        probability: confidences[t]!,
      }));
      printJson({ event: "predict", place: set.places[i]!, steps });
    } else if (tokens)
      print(tokens.map((token, t) => `${oneLine(token)}/${oneLineName(labels[t]!)}`).join(" "));
    else
      for (const [t, label] of labels.entries())
        print(`${confidences[t]!.toFixed(4)}\t${oneLineName(label)}\t${set.places[i]}, step ${t + 1}`);
  }
}
