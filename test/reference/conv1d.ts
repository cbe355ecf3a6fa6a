import { type Activation, activationBackward, activationForward } from "./dense.ts";
import type { ReferenceKind } from "./kind.ts";
import type { Vector } from "./matrix.ts";
import { softmaxBackward, softmaxForward } from "./softmax.ts";

interface Conv1d {
  readonly filters: number;
  readonly kernelSize: number;
  readonly strides: number;
  readonly padding: "valid" | "same" | "causal";
  readonly dilationRate: number;
  readonly activation: Activation | "softmax";
  readonly useBias: boolean;
}

/** How many windows T steps have, and the step of the first window's first row: before 0 where it is padded. */
export function windows(
  T: number,
  {
    size,
    strides,
    dilation = 1,
    padding,
  }: { size: number; strides: number; dilation?: number; padding: string },
): { count: number; first: number } {
  const extent = (size - 1) * dilation + 1;
  if (padding === "causal") return { count: Math.ceil(T / strides), first: 1 - extent };
  if (padding === "valid") return { count: Math.ceil((T - extent + 1) / strides), first: 0 };
  const count = Math.ceil(T / strides);
  // TensorFlow's rule: what is missing for the last window is padded, the odd one behind.
  const missing = Math.max((count - 1) * strides + extent - T, 0);
  return { count, first: -Math.floor(missing / 2) };
}

/** Keras's Conv1D, written as the sum that it is: z(b, t, f) = bias(f) + Σₖ Σᵢ x(b, s, i)·W(k, i, f). */
export const conv1dReference: ReferenceKind<Conv1d> = {
  weights: ({ filters, kernelSize, useBias }, I) => [
    ["kernel", [kernelSize, I, filters]],
    ...(useBias ? [["bias", [filters]] as const] : []),
  ],
  forward(layer, [W, bias], { values: x, B, T, width: I }) {
    const { filters: F, kernelSize: K, strides, dilationRate, activation } = layer;
    const shape = { size: K, strides, dilation: dilationRate, padding: layer.padding };
    const { count, first } = windows(T, shape);
    /** Every product in the sum: where it goes in z, in x and in W. */
    const eachTerm = (work: (z: number, x: number, w: number) => void) => {
      for (let b = 0; b < B; b++) {
        for (let t = 0; t < count; t++) {
          for (let k = 0; k < K; k++) {
            const s = first + t * strides + k * dilationRate;
            if (s < 0 || s >= T) continue;
            for (let i = 0; i < I; i++) {
              for (let f = 0; f < F; f++) {
                work((b * count + t) * F + f, (b * T + s) * I + i, (k * I + i) * F + f);
              }
            }
          }
        }
      }
    };
    const z: Vector = Float64Array.from({ length: B * count * F }, (_, at) => bias?.[at % F] ?? 0);
    eachTerm((at, from, w) => {
      z[at]! += x[from]! * W![w]!;
    });
    const y = activation === "softmax" ? softmaxForward(z, F) : activationForward(z, activation);
    return {
      y: { values: y, B, T: count, width: F },
      backward(dy) {
        const dz =
          activation === "softmax" ? softmaxBackward(dy, y, F) : activationBackward(dy, y, activation);
        const dx = new Float64Array(x.length);
        const dW = new Float64Array(W!.length);
        const db = new Float64Array(F);
        eachTerm((at, from, w) => {
          dx[from]! += dz[at]! * W![w]!;
          dW[w]! += dz[at]! * x[from]!;
        });
        for (const [at, value] of dz.entries()) db[at % F]! += value;
        return { dx, dweights: [{ dw: dW }, ...(bias ? [{ dw: db }] : [])] };
      },
    };
  },
};
