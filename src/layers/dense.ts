import { trueOrFalse } from "../options.ts";
import { activationBackward, activationForward, anActivation } from "./activation.ts";
import { Affine, affineGathers, affineMemory } from "./affine.ts";
import {
  type Activation,
  type AnyLayer,
  type Initializer,
  joinMemory,
  type LayerKind,
  maskAs,
  maskedAs,
  padded,
  type Rows,
} from "./kind.ts";
import { anInitializer, COMMON, describeLayer, size } from "./options.ts";
import { aRegularizer, penalized, type Regularizer } from "./regularizer.ts";

/** Options of `dense()`. */
export interface DenseConfig {
  /** Length of the output. */
  units: number;
  /** Default `linear`. */
  activation?: Activation;
  /** A bias is added. Default true. */
  useBias?: boolean;
  /** Default `glorotUniform`. */
  kernelInitializer?: Initializer;
  /** Default `zeros`. */
  biasInitializer?: Initializer;
  /** A penalty on the kernel's size. Default none. */
  kernelRegularizer?: Regularizer;
  /** The same on the bias's. Default none. */
  biasRegularizer?: Regularizer;
  /** For a first layer: [T or null for any, features], or [features]. */
  inputShape?: readonly (number | null)[];
  /** Default `dense`, `dense_1`, … */
  name?: string;
}

export interface DenseLayer extends AnyLayer {
  readonly type: "dense";
  readonly units: number;
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly kernelInitializer: Initializer;
  readonly biasInitializer: Initializer;
  readonly kernelRegularizer?: Regularizer;
  readonly biasRegularizer?: Regularizer;
}

/** y = activation(b + x·W), on the last axis: of a single row, or of every step of a sequence. */
export const denseKind = {
  title: "Dense",
  baseName: "dense",
  reads: "numbers",
  options: {
    units: size,
    activation: { ...anActivation, fallback: "linear" },
    useBias: { ...trueOrFalse, fallback: true },
    kernelInitializer: { ...anInitializer, fallback: "glorotUniform" },
    biasInitializer: { ...anInitializer, fallback: "zeros" },
    kernelRegularizer: aRegularizer,
    biasRegularizer: aRegularizer,
    ...COMMON,
  },
  output: ({ units }, x) => ({
    holds: "numbers",
    sequence: x.sequence,
    T: x.T,
    width: units,
    ...maskedAs(x),
  }),
  weights(layer, { width: I }) {
    const { units, useBias, kernelInitializer, biasInitializer, kernelRegularizer, biasRegularizer } = layer;
    const kernel = { name: "kernel", shape: [I, units], blocks: 1, initializer: kernelInitializer };
    const bias = { name: "bias", shape: [units], blocks: 1, initializer: biasInitializer };
    return [
      { ...kernel, ...penalized(kernelRegularizer), int8: "columns", meets: "x" },
      ...(useBias ? [{ ...bias, ...penalized(biasRegularizer) }] : []),
    ];
  },
  memory({ units }, x, use) {
    const N = padded(units);
    const y = use.groupSize * x.T * N;
    return joinMemory(affineMemory({ N }, x, use), { group: { y, ...(use.backward && { dy: y }) } });
  },
  gathers: ({ units }, use) => affineGathers({ N: padded(units) }, use),
  oneStep: (layer) => layer,
  pass({ units, activation, useBias }, at) {
    const { k, x, use } = at;
    const N = padded(units);
    const input = new Affine(at, { N }, { kernel: "kernel", bias: useBias ? "bias" : null });
    const y = at.at("y");
    const dy = use.backward ? at.at("dy") : 0;
    const rows = (address: number): Rows => ({
      at: () => address,
      stride: N,
      sequence: x.T * N,
      T: x.T,
      width: units,
      ...maskAs(x),
    });
    return {
      y: rows(y),
      dy: rows(dy),
      prepare: (part, parts) => input.prepare(part, parts),
      project: (from, count) => input.project(from, count),
      beginShard: (shard) => input.beginShard(shard),
      endShard: (shard, partial) => input.endShard(shard, partial),
      forward(group) {
        input.forward(group, y);
        activationForward(k, activation, y, group.count * x.T, units);
      },
      backward(group) {
        activationBackward(k, activation, dy, y, group.count * x.T, units);
        input.backward(group, dy);
      },
    };
  },
  bare: ({ activation, ...layer }) => ({ activation, layer: { ...layer, activation: "linear" } }),
} satisfies LayerKind<DenseLayer>;

/** y = activation(x·W + b), on the last axis. */
export const dense = (config: DenseConfig): DenseLayer => describeLayer("dense", denseKind.options, config);
