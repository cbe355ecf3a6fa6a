/** What an optimiser says of itself. */
import type { Option } from "../options.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { LearningRateSchedule } from "./schedules.ts";
import type { SharedConfig } from "./shared.ts";

/** An optimiser's description: plain data with every default filled in. */
export interface AnyOptimizer extends Readonly<SharedConfig> {
  readonly name: string;
  readonly learningRate: number | LearningRateSchedule;
}

/** The description as it is at a step: numbers that may change from step to step have their value of now. */
export interface OptimizerNow extends AnyOptimizer {
  readonly learningRate: number;
}

/** The options of a kind's own, as they are at a step. */
export type Own<C> = { readonly learningRate: number } & Readonly<
  Required<Omit<C, keyof SharedConfig | "learningRate">>
>;

/** Some weights, and what goes with them: addresses of so many floats each. */
export interface Update {
  readonly w: number;
  readonly g: number;
  /** Of what the gradient was summed of by places, the squares; 0 elsewhere. */
  readonly squares: number;
  /** In the order of the kind's slots. */
  readonly slots: readonly number[];
  readonly n: number;
  /** Whether g, and squares where they are given, are to be left zero, for the next batch to add to. */
  readonly clears: boolean;
  /** Steps taken, this one included. */
  readonly iteration: number;
}

export interface OptimizerKind<C = object> {
  /** All but the name, those that every optimiser has with them. */
  readonly options: Readonly<Record<string, Option>>;
  /** Names of the blocks that it keeps, each as long as the weights, zero at first. */
  slots(optimizer: Own<C>): readonly string[];
  /** Whether it wants, of an embedding's gradient, the squares of each place's before they are summed. */
  squaresPlaces(optimizer: Own<C>): boolean;
  /**
   * A bound of how far a step moves any weight, for gradients of which no number ever was larger than `peak`.
   * Where that keeps weights far from float32's end, nobody has to look whether they got there.
   */
  reach(optimizer: Own<C>, peak: number, iteration: number): number;
  update(k: Kernels, optimizer: Own<C>, at: Update): void;
}
