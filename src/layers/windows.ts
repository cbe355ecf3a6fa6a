/** Windows over the timesteps of a sequence: where each begins, and how many there are. */
import { LstmkitError } from "../errors.ts";
import type { AnyLayer, Signal } from "./kind.ts";

/**
 * What is before the first step and behind the last: nothing (`valid`); as many zeros on both sides as make
 * ⌈T/strides⌉ windows, an odd one behind (`same`, TensorFlow's); zeros before alone, so that no window sees
 * what comes after its step (`causal`).
 */
export type Padding = "valid" | "same" | "causal";

/** Of every `strides`th step a window of `size` rows, `dilation` steps from one to the next. */
export interface WindowShape {
  readonly size: number;
  readonly strides: number;
  readonly dilation: number;
  readonly padding: Padding;
}

export interface Windows {
  /** T': how many there are; below 1 where there are too few steps. */
  readonly count: number;
  /** Steps that are padded before the first. */
  readonly before: number;
  /** Steps from the first padded one to the last that a window reads, at least. */
  readonly steps: number;
}

/** Steps from the first row of a window to its last, both counted. */
const extentOf = ({ size, dilation }: WindowShape) => (size - 1) * dilation + 1;

export function windowsOf(shape: WindowShape, T: number): Windows {
  const { strides, padding } = shape;
  const extent = extentOf(shape);
  const count = padding === "valid" ? Math.floor((T - extent) / strides) + 1 : Math.ceil(T / strides);
  const steps = (count - 1) * strides + extent;
  const before =
    padding === "causal" ? extent - 1 : padding === "same" ? Math.floor(Math.max(steps - T, 0) / 2) : 0;
  return { count, before, steps };
}

/** (B, T, …) → (B, T', width). @throws BAD_LAYER for single rows, or too few steps */
export function windowsOutput({ type }: AnyLayer, shape: WindowShape, x: Signal, width: number): Signal {
  requireSequence(type, x);
  if (x.T === null) return { holds: "numbers", sequence: true, T: null, width };
  const { count } = windowsOf(shape, x.T);
  if (count < 1) {
    throw new LstmkitError(
      "BAD_LAYER",
      `${type} looks at ${extentOf(shape)} timesteps at a time, and is given ${x.T}: give longer sequences, ` +
        'or say padding: "same".',
    );
  }
  return { holds: "numbers", sequence: true, T: count, width };
}

/** @throws BAD_LAYER for single rows */
export function requireSequence(type: string, x: Signal): void {
  if (x.sequence) return;
  throw new LstmkitError(
    "BAD_LAYER",
    `${type} reads a sequence, and is given single rows: give the recurrent layer before it returnSequences: true.`,
  );
}
