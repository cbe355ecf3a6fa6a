/** The flags of K-fold cross-validation: training runs that each hold out another part of the data. */
import type { Command } from "cac";
import type { TextDataset } from "../data/dataset.ts";
import { type Fold, type FoldParts, foldParts } from "../data/folds.ts";
import type { SequenceSet } from "../data/labelled/set.ts";
import { type Arguments, UsageError } from "./arguments.ts";

/** Keras's seed for the order of data sets, which train splits with. */
const SEED = 113;
const MOST_FOLDS = 1000;

export function declareFoldFlags(command: Command): Command {
  return command
    .option(
      "--kfold <i/k>",
      "Of k folds of the training data hold out the i-th, as the test part: 1/5; a test part that is given is not read then",
    )
    .option("--kfold-seed <n>", "Fixes which samples are in which fold", { default: SEED });
}

/** Undefined without the flag. @throws UsageError */
export function readFold(args: Arguments): Fold | undefined {
  const value = args.text("kfold");
  if (value === undefined) {
    if (args.has("kfold-seed")) throw new UsageError("--kfold-seed is for --kfold, which is not given.");
    return undefined;
  }
  const [, fold, of] = (/^(\d{1,4})\/(\d{1,4})$/.exec(value) ?? []).map(Number);
  const isRight = fold !== undefined && of !== undefined && of >= 2 && of <= MOST_FOLDS;
  if (!isRight || fold < 1 || fold > of) {
    throw new UsageError(
      `--kfold is ${JSON.stringify(value)}; wanted a fold and how many there are, from 2 to ${MOST_FOLDS}, such as 1/5.`,
    );
  }
  return { fold, of, seed: args.wholeNumber("kfold-seed", 0, 2 ** 32 - 1) };
}

/** A fold of the training part of texts that are rows of ids already. @throws BAD_DATASET */
export function foldOfRows(data: TextDataset, fold: Fold): TextDataset {
  const { x, y } = data.train;
  const [n, width] = x.shape as [number, number];
  const row = (i: number) => x.data.subarray(i * width, (i + 1) * width);
  const keys = Array.from({ length: n }, (_, i) => row(i).join(" "));
  const take = (places: readonly number[]) => {
    const ids = new Int32Array(places.length * width);
    for (const [to, i] of places.entries()) ids.set(row(i), to * width);
    return {
      x: { data: ids, shape: [places.length, width] },
      y: { data: Uint8Array.from(places, (i) => y.data[i]!), shape: [places.length] },
    };
  };
  const parts = foldParts(keys, Array.from(y.data), fold);
  return { ...data, train: take(parts.train), test: take(parts.test) };
}

/** A fold of sequences: those of one group, or of the same content, stay together. @throws BAD_DATASET */
export function foldOfSequences(set: SequenceSet, fold: Fold): { train: SequenceSet; test: SequenceSet } {
  const keys = set.groups ?? set.sequences.map((one) => (typeof one === "string" ? one : one.join(" ")));
  const strata = set.targets.map((target) => {
    if (set.labels === "steps") return 0;
    return typeof target === "string" ? target : [...target].sort().join("\n");
  });
  const parts: FoldParts = foldParts(keys, strata, fold);
  const take = (places: readonly number[]): SequenceSet => ({
    ...set,
    sequences: places.map((i) => set.sequences[i]!),
    targets: places.map((i) => set.targets[i]!),
    places: places.map((i) => set.places[i]!),
    ...(set.groups && { groups: places.map((i) => set.groups![i]!) }),
  });
  return { train: take(parts.train), test: take(parts.test) };
}
