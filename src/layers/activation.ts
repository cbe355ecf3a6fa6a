import { oneOf } from "../options.ts";
import type { Kernels } from "../runtime/kernels.ts";
import { padded } from "./kind.ts";

/** Elementwise functions of a dense layer. */
export type Activation = "linear" | "sigmoid" | "tanh" | "relu";

/** The numbers of `assembly/dense.ts`. */
const CODES: Record<Activation, number> = { linear: 0, sigmoid: 1, tanh: 2, relu: 3 };

export const anActivation = oneOf(...Object.keys(CODES));

/** y (rows, padded units) = activation of y. */
export function activationForward(
  k: Kernels,
  activation: Activation,
  y: number,
  rows: number,
  units: number,
): void {
  k.activationForward(y, rows * padded(units), CODES[activation]);
}

/** dy (rows, padded units): the gradient of y in, of what was activated out. */
export function activationBackward(
  k: Kernels,
  activation: Activation,
  dy: number,
  y: number,
  rows: number,
  units: number,
): void {
  k.activationBackward(dy, y, rows * padded(units), CODES[activation]);
}
