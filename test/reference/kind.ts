/** What the reference of a kind of layer, loss, metric or optimiser is: f64, no padding, no groups, and nothing shared with the kernels. */
import type { LossConfig } from "../../src/losses/index.ts";
import type { LossAndGradient } from "./loss.ts";
import { row, type Vector } from "./matrix.ts";

/** B samples of T rows of `width` numbers, or of ids. */
export interface Signal {
  readonly values: Vector;
  readonly B: number;
  readonly T: number;
  readonly width: number;
  /** (B, T): 1 where a row counts, 0 where it is masked. Without it every row counts. */
  readonly mask?: ArrayLike<number> | undefined;
}

export interface WeightGradient {
  readonly dw: Vector;
  /** The squares that Keras's optimisers take of it, where they are not those of dw. */
  readonly squares?: Vector;
  /** The same with each of its rows limited before they are summed, where it reaches Keras as a list of rows. */
  limited?(limit: (d: number) => number): WeightGradient;
}

export interface ReferencePass {
  readonly y: Signal;
  /** What trace gives, by its names: (B, T, units) each. */
  readonly states?: Readonly<Record<string, Vector>>;
  /** What it carried after the last step, by name: (B, units) each. */
  readonly final?: Readonly<Record<string, Vector>>;
  /** @param dfinal the gradients of `final`; without it they are zeros */
  backward(
    dy: Vector,
    dfinal?: Readonly<Record<string, Vector>>,
  ): {
    readonly dx: Vector;
    /** In the order of the weights. */
    readonly dweights: readonly WeightGradient[];
    /** What gradientFlow gives the norms of, by its names. */
    readonly dstates?: Readonly<Record<string, Vector>>;
    /** The gradients of what it began with. */
    readonly dinitial?: Readonly<Record<string, Vector>>;
  };
}

export interface ReferenceKind<L> {
  /** Keras's paths below the layer's name, and shapes, in its order; `width` is that of the input. */
  weights(layer: L, width: number): readonly (readonly [path: string, shape: readonly number[]])[];
  /**
   * @param keep of 0 and 1, what the layer's dropout keeps; without it it drops nothing
   * @param initial what it begins with, by the names of `final`; without it zeros
   */
  forward(
    layer: L,
    weights: readonly Vector[],
    x: Signal,
    keep?: ArrayLike<number>,
    initial?: Readonly<Record<string, Vector>>,
  ): ReferencePass;
}

/** Of rows (B, T, width), the last of each sequence. */
export function lastRows({ values, B, T, width }: Signal): Signal {
  const last = new Float64Array(B * width);
  for (let b = 0; b < B; b++) row(last, b, width).set(row(values, b * T + T - 1, width));
  return { values: last, B, T: 1, width };
}

/** The way back through lastRows: dy (B, width) as a gradient of all rows, zero but at the last. */
export function atLastRows(dy: Vector, { B, T, width }: Omit<Signal, "values">): Vector {
  const all = new Float64Array(B * T * width);
  for (let b = 0; b < B; b++) row(all, b * T + T - 1, width).set(row(dy, b, width));
  return all;
}

/** The mean over rows of `units` outputs, and its gradient. */
type RowsLoss<C> = (outputs: Vector, targets: Vector, units: number, loss: C) => LossAndGradient;

export interface LossReference<C = LossConfig> {
  /** Of a head with this activation the loss is taken from what goes into it. */
  readonly from?: "sigmoid" | "softmax";
  readonly ofLogits?: RowsLoss<C>;
  readonly ofOutputs: RowsLoss<C>;
}

/**
 * Of rows of `units` outputs, which are logits or not; of counts, always the probabilities.
 *
 * @param options the metric's, with every default
 */
export type MetricReference<O = object> = (
  outputs: Vector,
  targets: Vector,
  units: number,
  logits: boolean,
  options: O,
) => number;

/**
 * One step of one tensor, in place, `step` counting from 1.
 *
 * @param squares what an optimiser that squares gradients takes in place of dw²
 */
export type OptimizerStep = (w: Vector, dw: Vector, step: number, squares?: Vector) => void;
