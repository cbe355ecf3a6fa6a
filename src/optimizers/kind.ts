/** What an optimiser says of itself. */
import type { Option } from "../options.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** An optimiser's description: plain data with every default filled in. */
export interface AnyOptimizer {
  readonly name: string;
  readonly learningRate: number;
}

/** Some weights, and what goes with them: addresses of so many floats each. */
export interface Update {
  readonly w: number;
  readonly g: number;
  /** Of what the gradient was summed of by places, the squares; 0 elsewhere. */
  readonly squares: number;
  /** In the order of the kind's slots. */
  readonly slots: readonly number[];
  readonly n: number;
  /** Whether g and squares are to be left zero, for the next batch to add to. */
  readonly clears: boolean;
  /** Steps taken, this one included. */
  readonly iteration: number;
}

export interface OptimizerKind<C extends AnyOptimizer = AnyOptimizer> {
  /** All but the name. Numbers among them lie in memory that all threads see, and may change from step to step. */
  readonly options: Readonly<Record<string, Option>>;
  /** Names of the blocks that it keeps, each as long as the weights, zero at first. */
  slots(optimizer: C): readonly string[];
  /** Whether it wants, of an embedding's gradient, the squares of each place's before they are summed. */
  readonly squaresPlaces: boolean;
  /**
   * A bound of how far a step moves any weight, for gradients of which no number ever was larger than `peak`.
   * Where that keeps weights far from float32's end, nobody has to look whether they got there.
   */
  reach(optimizer: C, peak: number, iteration: number): number;
  update(k: Kernels, optimizer: C, at: Update): void;
}
