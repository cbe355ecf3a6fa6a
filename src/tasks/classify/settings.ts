/** What a classifier takes, and what is decided for it by its data. */
import { type Tokenizer, tokenizerOption } from "../../data/tokenizers.ts";
import { number, type OptionTable, oneOf, trueOrFalse, wholeNumber } from "../../options.ts";

/**
 * How numbers are brought to one size, by the training part alone: each feature by its own mean and deviation
 * (`features`), all by one (`all`), or each sequence by its own, feature by feature (`sequence`).
 */
export type ScalingKind = "features" | "all" | "sequence";
export const SCALINGS: readonly ScalingKind[] = ["features", "all", "sequence"];

/** Options of `classifier()`. What is left out is decided by the data. */
export interface ClassifierOptions {
  /** Default "lstm". */
  cell?: "lstm" | "gru";
  /** Units of each recurrent layer, in each direction. Default 64. */
  units?: number;
  /** Recurrent layers, one above the other. Default 1. */
  layers?: number;
  /** Read each sequence from both ends. Default true. */
  bidirectional?: boolean;
  /** What of the outputs is read where a sequence has one answer: the largest, the mean or the last. Default "max". */
  pooling?: "last" | "max" | "mean";
  /** Share of a recurrent layer's outputs dropped in training. Default 0.3. */
  dropout?: number;
  /** Share of its state that a layer forgets between steps in training. Default 0.2. */
  recurrentDropout?: number;
  /** Length of a word's or token's vector. Default 64. */
  embedding?: number;
  /** Words or tokens known at most, the most frequent. Default 20,000. */
  vocabulary?: number;
  /** How texts are cut into words. Default "unicode". */
  tokenizer?: Tokenizer;
  /**
   * Words of a text that are read, from its beginning; default that which leaves 19 of 20 texts whole, 200 at most. Where
   * labels are of steps longer sequences are cut into pieces of so many; default 256. Of numbers all is read.
   */
  maxLen?: number;
  /**
   * Steps of numbers that are read as one, with all their numbers. Default 1 up to 200 steps; for longer sequences as many
   * as leave 100 of the longest. Not where labels are of steps.
   */
  fold?: number;
  /** Default "auto": those that could be are tried on the validation part where the data are few; else "features". */
  scaling?: ScalingKind | "auto";
  /**
   * What classes count for in training: "balanced", as much together each; or a number for each by its name, 1 for others.
   * Default none.
   */
  classWeight?: "balanced" | Readonly<Record<string, number>>;
  /** Times to go through the training part at most; the rate falls over them along half a cosine. */
  epochs?: number;
  batchSize?: number;
  /** Adam's, at the beginning. Default 0.003. */
  learningRate?: number;
  /** Epochs that are no better on the validation part after which training ends. Default a third of the epochs, 3 at least. */
  patience?: number;
  /** Share of the sequences that is set apart for the test, by class. Default 0.2. */
  testSplit?: number;
  /** Share of the others that is set apart to choose and to stop by; 0 for none. Default 0.15, or 0.1 of 5,000 and more; none of fewer than 20. */
  validationSplit?: number;
  /** Bring probabilities to where they are right as often as they say, by one factor found on the validation part. Default false. */
  calibrate?: boolean;
  /** Fixes the weights, byte for byte. Default 0. */
  seed?: number;
}

const none = undefined;
const aShare = (from: string, fits: (n: number) => boolean) => number(`a number from ${from}`, fits);

export const CLASSIFIER_OPTIONS = {
  cell: { ...oneOf("lstm", "gru"), fallback: "lstm" as const },
  units: { ...wholeNumber(1, 65_536), fallback: 64 },
  layers: { ...wholeNumber(1, 16), fallback: 1 },
  bidirectional: { ...trueOrFalse, fallback: true },
  pooling: { ...oneOf("last", "max", "mean"), fallback: "max" as const },
  dropout: { ...aShare("0 to below 1", (n) => n >= 0 && n < 1), fallback: 0.3 },
  recurrentDropout: { ...aShare("0 to below 1", (n) => n >= 0 && n < 1), fallback: 0.2 },
  embedding: { ...wholeNumber(1, 65_536), fallback: 64 },
  vocabulary: { ...wholeNumber(5, 2 ** 24), fallback: 20_000 },
  tokenizer: { ...tokenizerOption, fallback: "unicode" as Tokenizer },
  maxLen: { ...wholeNumber(1, 100_000), fallback: none },
  fold: { ...wholeNumber(1, 100_000), fallback: none },
  scaling: { ...oneOf("auto", ...SCALINGS), fallback: "auto" as const },
  classWeight: {
    wanted: '"balanced", or an object of names and numbers above 0, such as { spam: 5 }',
    accepts: (value: unknown) =>
      value === "balanced" ||
      (Object.prototype.toString.call(value) === "[object Object]" &&
        Object.values(value as object).every((n) => typeof n === "number" && n > 0 && n < 1e6)),
    fallback: none,
  },
  epochs: { ...wholeNumber(1, 1_000_000), fallback: none },
  batchSize: { ...wholeNumber(1, 1_000_000), fallback: none },
  learningRate: { ...number("a number above 0", (n) => n > 0 && n < Infinity), fallback: 0.003 },
  patience: { ...wholeNumber(1), fallback: none },
  testSplit: { ...aShare("above 0 to below 1", (n) => n > 0 && n < 1), fallback: 0.2 },
  validationSplit: { ...aShare("0 to below 1", (n) => n >= 0 && n < 1), fallback: none },
  calibrate: { ...trueOrFalse, fallback: false },
  seed: { ...wholeNumber(0, 2 ** 32 - 1), fallback: 0 },
} satisfies OptionTable<ClassifierOptions>;

/** The options with their defaults. */
export type GivenOptions = ClassifierOptions &
  Required<
    Omit<
      ClassifierOptions,
      "maxLen" | "fold" | "classWeight" | "epochs" | "batchSize" | "patience" | "validationSplit"
    >
  >;

/** How training goes, with all that was left to the data decided. */
export interface ClassifySettings {
  readonly cell: "lstm" | "gru";
  readonly units: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly pooling: "last" | "max" | "mean";
  readonly dropout: number;
  readonly recurrentDropout: number;
  /** Null where numbers are read. */
  readonly embedding: number | null;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly patience: number;
  readonly seed: number;
}

/** Updates that training makes by default, as far as the number of epochs allows. */
const UPDATES = { text: 1500, tokens: 1500, numbers: 3000 };
const MOST_EPOCHS = 100;
const LEAST_EPOCHS = { text: 6, tokens: 10, numbers: 12 };

/** @param samples of the training part */
export function settingsFor(
  given: GivenOptions,
  input: "text" | "tokens" | "numbers",
  samples: number,
): ClassifySettings {
  const batchSize = Math.min(given.batchSize ?? SIZES.find(({ from }) => samples >= from)!.batch, samples);
  const batches = Math.ceil(samples / batchSize);
  const wanted = Math.round(UPDATES[input] / batches);
  const epochs = given.epochs ?? Math.min(Math.max(wanted, LEAST_EPOCHS[input]), MOST_EPOCHS);
  const {
    cell,
    units,
    layers,
    bidirectional,
    pooling,
    dropout,
    recurrentDropout,
    embedding,
    learningRate,
    seed,
  } = given;
  return {
    ...{
      cell,
      units,
      layers,
      bidirectional,
      pooling,
      dropout,
      recurrentDropout,
      learningRate,
      seed,
      batchSize,
      epochs,
    },
    embedding: input === "numbers" ? null : embedding,
    patience: given.patience ?? Math.max(3, Math.ceil(epochs / 3)),
  };
}

const SIZES = [
  { from: 20_000, batch: 64 },
  { from: 400, batch: 32 },
  { from: 100, batch: 16 },
  { from: 0, batch: 8 },
];
