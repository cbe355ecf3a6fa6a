import { type OptionTable, oneOf } from "../options.ts";
import type { Kernels } from "../wasm/kernels.ts";
import {
  type Activation,
  type AnyLayer,
  type LayerKind,
  maskAs,
  maskedAs,
  padded,
  type Rows,
} from "./kind.ts";
import { COMMON, describeLayer } from "./options.ts";

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

export interface ActivationConfig {
  /** Elementwise, but for softmax, which is over the last axis. */
  activation: Activation;
  /** For a first layer: [T or null for any, features], or [features]. */
  inputShape?: readonly (number | null)[];
  /** Default `activation`, `activation_1`, … */
  name?: string;
}

export interface ActivationLayer extends AnyLayer {
  readonly type: "activation";
  readonly activation: Activation;
}

/** A function of a layer's own, which a cross-entropy takes off again as it does a dense layer's. */
export const activationKind = {
  title: "Activation",
  baseName: "activation",
  reads: "numbers",
  options: { activation: anActivation, ...COMMON } satisfies OptionTable<Omit<ActivationLayer, "type">>,
  output: (_, x) => ({ holds: "numbers", sequence: x.sequence, T: x.T, width: x.width, ...maskedAs(x) }),
  weights: () => [],
  memory(_, { T, width }, { groupSize: R, backward }) {
    const y = R * T * padded(width);
    return { group: { y, ...(backward && { dy: y }) } };
  },
  pass({ activation }, at) {
    const { k, x, dx, use } = at;
    const { T, width } = x;
    const N = padded(width);
    const rows = (address: number): Rows => ({
      at: () => address,
      stride: N,
      sequence: T * N,
      T,
      width,
      ...maskAs(x),
    });
    const [y, dy] = [at.at("y"), use.backward ? at.at("dy") : 0];
    return {
      y: rows(y),
      dy: rows(dy),
      forward(group) {
        for (let r = 0; r < group.count; r++) {
          k.copyRows(y + r * T * N * 4, N, x.at(group) + r * x.sequence * 4, x.stride, width, T);
        }
        activationForward(k, activation, y, group.count * T, width);
      },
      backward(group) {
        if (!dx) return;
        activationBackward(k, activation, dy, y, group.count * T, width);
        for (let r = 0; r < group.count; r++) {
          k.copyRows(dx.at(group) + r * dx.sequence * 4, dx.stride, dy + r * T * N * 4, N, N, T);
        }
      },
    };
  },
  oneStep: (layer) => layer,
  bare: ({ activation, ...layer }) => ({ activation, layer: { ...layer, activation: "linear" } }),
} satisfies LayerKind<ActivationLayer>;

/** An activation by itself: (…, features) → (…, features). Keras's Activation. */
export const activation = (config: ActivationConfig): ActivationLayer =>
  describeLayer("activation", activationKind.options, config);
