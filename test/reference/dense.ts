import type { ReferenceKind } from "./kind.ts";
import { addProduct, addProductBackward, addTo, row, sigmoid, type Vector } from "./matrix.ts";
import { softmaxBackward, softmaxForward } from "./softmax.ts";

/** Keras's kernel W (I, O) and bias b (O). */
export interface DenseWeights {
  readonly W: Vector;
  readonly b: Vector;
}

export interface DenseGradients {
  readonly dx: Vector;
  readonly dW: Vector;
  readonly db: Vector;
}

/** logits (R, O) = x (R, I) · W + b. */
export function denseForward(x: Vector, { W, b }: DenseWeights, R: number, I: number): Vector {
  const O = b.length;
  const logits = new Float64Array(R * O);
  for (let r = 0; r < R; r++) row(logits, r, O).set(b);
  addProduct(logits, x, W, R, I, O);
  return logits;
}

export function denseBackward(
  dlogits: Vector,
  x: Vector,
  { W, b }: DenseWeights,
  R: number,
  I: number,
): DenseGradients {
  const O = b.length;
  const dx = new Float64Array(R * I);
  const dW = new Float64Array(I * O);
  const db = new Float64Array(O);
  addProductBackward(dx, dW, dlogits, x, W, R, I, O);
  for (let r = 0; r < R; r++) addTo(db, row(dlogits, r, O));
  return { dx, dW, db };
}

export type Activation = "linear" | "sigmoid" | "tanh" | "relu" | "hardSigmoid";

export function activationForward(logits: Vector, activation: Activation): Vector {
  if (activation === "sigmoid") return logits.map(sigmoid);
  if (activation === "tanh") return logits.map(Math.tanh);
  if (activation === "relu") return logits.map((z) => Math.max(z, 0));
  // Keras 3's; Keras 2's was limited x/5 + 1/2.
  if (activation === "hardSigmoid") return logits.map((z) => Math.min(Math.max(z + 3, 0), 6) / 6);
  return logits;
}

/** dlogits from dy, y being the forward pass's result. */
export function activationBackward(dy: Vector, y: Vector, activation: Activation): Vector {
  if (activation === "sigmoid") return dy.map((d, i) => d * y[i]! * (1 - y[i]!));
  if (activation === "tanh") return dy.map((d, i) => d * (1 - y[i]! * y[i]!));
  if (activation === "relu") return dy.map((d, i) => (y[i]! > 0 ? d : 0));
  if (activation === "hardSigmoid") return dy.map((d, i) => (y[i]! > 0 && y[i]! < 1 ? d / 6 : 0));
  return dy;
}

/** Keras's Activation. */
export const activationReference: ReferenceKind<{ readonly activation: Activation | "softmax" }> = {
  weights: () => [],
  forward({ activation }, _, x) {
    const y =
      activation === "softmax" ? softmaxForward(x.values, x.width) : activationForward(x.values, activation);
    return {
      y: { ...x, values: y },
      backward: (dy) => ({
        dx:
          activation === "softmax" ? softmaxBackward(dy, y, x.width) : activationBackward(dy, y, activation),
        dweights: [],
      }),
    };
  },
};

/** Keras's Dense, on the last axis. */
export const denseReference: ReferenceKind<{
  readonly units: number;
  readonly activation: Activation | "softmax";
  readonly useBias: boolean;
}> = {
  weights: ({ units, useBias }, I) => [
    ["kernel", [I, units]],
    ...(useBias ? [["bias", [units]] as const] : []),
  ],
  forward({ units, activation }, [W, b], { values, B, T, width: I, mask }) {
    const named = { W: W!, b: b ?? new Float64Array(units) };
    const R = B * T;
    const z = denseForward(values, named, R, I);
    const y = activation === "softmax" ? softmaxForward(z, units) : activationForward(z, activation);
    const dz = (dy: Vector) =>
      activation === "softmax" ? softmaxBackward(dy, y, units) : activationBackward(dy, y, activation);
    return {
      y: { values: y, B, T, width: units, mask },
      backward(dy) {
        const { dx, dW, db } = denseBackward(dz(dy), values, named, R, I);
        return { dx, dweights: [{ dw: dW }, ...(b ? [{ dw: db }] : [])] };
      },
    };
  },
};
