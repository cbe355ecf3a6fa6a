import { oneOf } from "../options.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { type Activation, padded } from "./kind.ts";

/** The numbers of `assembly/dense.ts`; softmax has kernels of its own. */
const CODES = { linear: 0, sigmoid: 1, tanh: 2, relu: 3, hardSigmoid: 4 } as const;

export const anActivation = oneOf(...Object.keys(CODES), "softmax");

/** y (rows, padded units) = activation of y. */
export function activationForward(
  k: Kernels,
  activation: Activation,
  y: number,
  rows: number,
  units: number,
): void {
  const ld = padded(units);
  if (activation === "softmax") k.softmaxForward(y, rows, units, ld);
  else k.activationForward(y, rows * ld, CODES[activation]);
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
  const ld = padded(units);
  if (activation === "softmax") k.softmaxBackward(dy, y, rows, units, ld);
  else k.activationBackward(dy, y, rows * ld, CODES[activation]);
}
