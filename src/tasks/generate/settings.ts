/** What a generator is made of and how it learns, with defaults that go by the length of the text. */
import { number, type OptionTable, trueOrFalse, wholeNumber } from "../../options.ts";

/** Options of `generator()`. */
export interface GeneratorOptions {
  /** Cut the text into words and signs instead of characters. Default false. */
  words?: boolean;
  /** Tokens known at most, the most frequent. Default 4,096 characters, or 10,000 words. */
  vocabulary?: number;
  /** A token that the training part has less often is unknown: it is read, and never written. Default 2. */
  leastCount?: number;
  /** Length of a token's vector. Default 64, or 128 with words. */
  embedding?: number;
  /** Units of each LSTM. Default by the text's length: 256 from 100,000 tokens on, 192 from 60,000, 128 from 20,000, else 64. */
  units?: number;
  /** LSTMs, one above the other. Default 1. */
  layers?: number;
  /**
   * Share of what comes out of each LSTM that is dropped in training. Default 0.3; 0.1 from 3 million tokens on, and none
   * from 10 million on, of which no token is read more than twice.
   */
  dropout?: number;
  /**
   * Times to go through the text at most; the learning rate falls over them along half a cosine. Default: as many as make 18
   * million tokens, from 1 to 30.
   */
  epochs?: number;
  /** Strands that are read side by side. Default by the text's length: 32 from 600,000 tokens on, 16 from 60,000, else 8. */
  batchSize?: number;
  /** Tokens that an error is carried back over. Default 100 from 60,000 tokens on, else 50. */
  steps?: number;
  /** Adam's, at the beginning. Default 0.005. */
  learningRate?: number;
  /** Validations without an improvement after which training ends. Default 4. */
  patience?: number;
  /** Fixes the weights, byte for byte. Default 0. */
  seed?: number;
}

const none = undefined;

export const GENERATOR_OPTIONS = {
  words: { ...trueOrFalse, fallback: false },
  vocabulary: { ...wholeNumber(1, 65_535), fallback: none },
  leastCount: { ...wholeNumber(1), fallback: 2 },
  embedding: { ...wholeNumber(1, 65_536), fallback: none },
  units: { ...wholeNumber(1, 65_536), fallback: none },
  layers: { ...wholeNumber(1, 16), fallback: 1 },
  dropout: { ...number("a number from 0 to below 1", (n) => n >= 0 && n < 1), fallback: none },
  epochs: { ...wholeNumber(1), fallback: none },
  batchSize: { ...wholeNumber(1), fallback: none },
  steps: { ...wholeNumber(1, 100_000), fallback: none },
  learningRate: { ...number("a number above 0", (n) => n > 0 && n < Infinity), fallback: 0.005 },
  patience: { ...wholeNumber(1), fallback: 4 },
  seed: { ...wholeNumber(0, 2 ** 32 - 1), fallback: 0 },
} satisfies OptionTable<GeneratorOptions>;

/** Everything that was left to the text's length, decided. */
export type Settings = Required<Omit<GeneratorOptions, "words" | "vocabulary" | "leastCount">>;

/** Tokens that training goes through by default, every pass counted. */
const TOKENS_SEEN = 18e6;

/** @param tokens of the training part */
export function settingsFor(tokens: number, given: GeneratorOptions): Settings {
  const size = SIZES.find(({ from }) => tokens >= from)!;
  const {
    embedding = given.words ? 128 : 64,
    units = size.units,
    epochs = Math.min(Math.max(Math.round(TOKENS_SEEN / tokens), 1), 30),
    steps = size.steps,
    batchSize = size.strands,
    layers = GENERATOR_OPTIONS.layers.fallback,
    dropout = tokens < 3e6 ? 0.3 : tokens < 10e6 ? 0.1 : 0,
    learningRate = GENERATOR_OPTIONS.learningRate.fallback,
    patience = GENERATOR_OPTIONS.patience.fallback,
    seed = GENERATOR_OPTIONS.seed.fallback,
  } = given;
  // A strand has a piece at least.
  const fitting = Math.min(steps, tokens - 1);
  const strands = Math.min(batchSize, Math.floor((tokens - 1) / fitting));
  return {
    ...{ embedding, units, layers, dropout, epochs, learningRate, patience, seed },
    ...{ steps: fitting, batchSize: strands },
  };
}

const SIZES = [
  { from: 600_000, units: 256, strands: 32, steps: 100 },
  { from: 100_000, units: 256, strands: 16, steps: 100 },
  { from: 60_000, units: 192, strands: 16, steps: 100 },
  { from: 20_000, units: 128, strands: 8, steps: 50 },
  { from: 0, units: 64, strands: 8, steps: 50 },
];
