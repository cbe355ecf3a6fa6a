/**
 * A convolution over time: y[t] = activation(b + Σₖ x[t·strides + k·dilationRate - before]·Wₖ).
 *
 * It is as many products as the window has rows, each of x from another row on, added one to the other: no copy
 * of x for each row of a window. Every element is one chain of multiply-adds, k ascending and features ascending
 * in it, so bits do not depend on groups. A list of different tokens would cut that chain into a sum of sums:
 * behind an embedding, x is read row by row.
 */
import { LstmkitError } from "../errors.ts";
import { oneOf, trueOrFalse, wholeNumber } from "../options.ts";
import { activationBackward, activationForward, anActivation } from "./activation.ts";
import {
  type Activation,
  type AnyLayer,
  type Bound,
  type Group,
  type Initializer,
  type LayerKind,
  type Memory,
  padded,
  type Rows,
  type Use,
  type Weight,
} from "./kind.ts";
import { anInitializer, COMMON, describeLayer, sequenceShape, size } from "./options.ts";
import { packPart, packPartTransposed } from "./panels.ts";
import { aRegularizer, penalized, type Regularizer } from "./regularizer.ts";
import { type Padding, type WindowShape, windowsOf, windowsOutput } from "./windows.ts";

/** Options of `conv1d()`. */
export interface Conv1dConfig {
  /** Length of the output's rows. */
  filters: number;
  /** Timesteps that a window has. */
  kernelSize: number;
  /** Timesteps from a window to the next. Default 1. */
  strides?: number;
  /**
   * `valid`: windows of real steps alone, the default; `same`: ⌈T/strides⌉ of them, with zeros on both sides;
   * `causal`: as many, with zeros before alone, so that no output depends on later steps.
   */
  padding?: Padding;
  /** Timesteps from a row of a window to its next. Default 1; not together with strides. */
  dilationRate?: number;
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
  /** For a first layer that is fed with numbers: [T or null for any, features]. */
  inputShape?: readonly [number | null, number];
  /** Default `conv1d`, `conv1d_1`, … */
  name?: string;
}

export interface Conv1dLayer extends AnyLayer {
  readonly type: "conv1d";
  readonly filters: number;
  readonly kernelSize: number;
  readonly strides: number;
  readonly padding: Padding;
  readonly dilationRate: number;
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly kernelInitializer: Initializer;
  readonly biasInitializer: Initializer;
  readonly kernelRegularizer?: Regularizer;
  readonly biasRegularizer?: Regularizer;
}

/** What is padded grows with it, and no weight bears it out: a file's writer need not mean well. */
const MOST_DILATION = 65_536;

const windowOf = ({ kernelSize, strides, dilationRate, padding }: Conv1dLayer): WindowShape => ({
  size: kernelSize,
  strides,
  dilation: dilationRate,
  padding,
});

/** What the products read of x: its own rows, or a copy of so many rows with zeros around. */
function operandOf(layer: Conv1dLayer, T: number) {
  const { count, before, steps } = windowsOf(windowOf(layer), T);
  const rows = Math.max(before + T, steps);
  return { count, before, rows, isPadded: rows > T };
}

function conv1dMemory(
  layer: Conv1dLayer,
  { T, width: I }: Pick<Rows, "T" | "width">,
  { groupSize: R, backward }: Use,
): Memory {
  const [K, N, C] = [layer.kernelSize, padded(layer.filters), padded(I)];
  const { count, rows, isPadded } = operandOf(layer, T);
  const y = R * count * N;
  return {
    prepared: { w: K * I * N, ...(backward && { wT: K * N * C }) },
    group: { y, ...(backward && { dy: y }) },
    scratch: {
      a: count * Math.max(C, N),
      ...(isPadded && { xp: rows * C }),
      ...(backward && { b: count * N, dxp: rows * C }),
    },
  };
}

export const conv1dKind = {
  title: "Conv1D",
  baseName: "conv1d",
  reads: "numbers",
  options: {
    filters: size,
    kernelSize: size,
    strides: { ...size, fallback: 1 },
    padding: { ...oneOf("valid", "same", "causal"), fallback: "valid" },
    dilationRate: { ...wholeNumber(1, MOST_DILATION), fallback: 1 },
    activation: { ...anActivation, fallback: "linear" },
    useBias: { ...trueOrFalse, fallback: true },
    kernelInitializer: { ...anInitializer, fallback: "glorotUniform" },
    biasInitializer: { ...anInitializer, fallback: "zeros" },
    kernelRegularizer: aRegularizer,
    biasRegularizer: aRegularizer,
    ...COMMON,
    inputShape: sequenceShape,
  },
  output(layer, x) {
    if (layer.strides > 1 && layer.dilationRate > 1) {
      throw new LstmkitError(
        "BAD_LAYER",
        `conv1d has strides ${layer.strides} and dilationRate ${layer.dilationRate}; one of them must be 1, as in Keras.`,
      );
    }
    return windowsOutput(layer, windowOf(layer), x, layer.filters);
  },
  weights(layer, { width: I }) {
    const { filters, kernelSize, useBias, kernelInitializer, biasInitializer } = layer;
    const kernel = {
      name: "kernel",
      shape: [kernelSize, I, filters],
      blocks: 1,
      initializer: kernelInitializer,
      ...penalized(layer.kernelRegularizer),
      int8: "columns" as const,
    };
    const bias = {
      name: "bias",
      shape: [filters],
      blocks: 1,
      initializer: biasInitializer,
      ...penalized(layer.biasRegularizer),
    };
    return useBias ? [kernel, bias] : [kernel];
  },
  memory: conv1dMemory,
  pass(layer, at) {
    const { k, x, use } = at;
    const { activation, filters, useBias } = layer;
    const N = padded(filters);
    const { count } = operandOf(layer, x.T);
    const [y, dy] = [at.at("y"), use.backward ? at.at("dy") : 0];
    const bias = useBias ? at.weight("bias") : null;
    const products = new Products(layer, at);
    const rows = (address: number): Rows => ({
      at: () => address,
      stride: N,
      sequence: count * N,
      T: count,
      width: filters,
    });
    return {
      y: rows(y),
      dy: rows(dy),
      prepare: (part, parts) => products.prepare(part, parts),
      forward(group) {
        products.forward(group, y, bias?.address ?? 0);
        activationForward(k, activation, y, group.count * count, filters);
      },
      backward(group) {
        activationBackward(k, activation, dy, y, group.count * count, filters);
        products.backward(group, dy, bias?.gradient(group) ?? 0);
      },
    };
  },
  bare: ({ activation, ...layer }) => ({ activation, layer: { ...layer, activation: "linear" } }),
} satisfies LayerKind<Conv1dLayer>;

/** A product for each row of a window; I features of x, N floats of a row of z. */
class Products {
  readonly #at: Bound;
  readonly #layer: Conv1dLayer;
  readonly #kernel: Weight;
  /** Addresses of the blocks of conv1dMemory. */
  readonly #blocks: Readonly<Record<string, number>>;
  readonly #N: number;
  /** Floats of a row of x as it is packed, and of its gradient. */
  readonly #C: number;
  readonly #window: ReturnType<typeof operandOf>;

  constructor(layer: Conv1dLayer, at: Bound) {
    this.#at = at;
    this.#layer = layer;
    this.#kernel = at.weight("kernel");
    const { prepared, scratch } = conv1dMemory(layer, at.x, at.use);
    const names = Object.keys({ ...prepared, ...scratch });
    this.#blocks = Object.fromEntries(names.map((name) => [name, at.at(name)]));
    this.#N = padded(layer.filters);
    this.#C = padded(at.x.width);
    this.#window = operandOf(layer, at.x.T);
  }

  prepare(part: number, parts: number): void {
    const { k, x, dx } = this.#at;
    const [N, I, C] = [this.#N, x.width, this.#C];
    const { address: W } = this.#kernel;
    const [w, wT] = [this.#blocks.w!, this.#blocks.wT!];
    for (let j = 0; j < this.#layer.kernelSize; j++) {
      packPart(k, w + j * I * N * 4, W + j * I * N * 4, I, N, part, parts);
      if (dx) packPartTransposed(k, wT + j * N * C * 4, W + j * I * N * 4, I, N, part, parts);
    }
  }

  /** z (R, T', N) = b + Σₖ xₖ·Wₖ. */
  forward(group: Group, z: number, bias: number): void {
    const { k, x } = this.#at;
    const [N, I] = [this.#N, x.width];
    const { kernelSize, strides, dilationRate } = this.#layer;
    const { count } = this.#window;
    const [a, w] = [this.#blocks.a!, this.#blocks.w!];
    this.#clearAround();
    for (let r = 0; r < group.count; r++) {
      const [from, ld] = this.#operand(group, r);
      const to = z + r * count * N * 4;
      for (let j = 0; j < kernelSize; j++) {
        const [init, ldi] = j === 0 ? [bias, 0] : [to, N];
        k.packRows(a, from + j * dilationRate * ld * 4, strides * ld, count, I);
        k.product(to, N, 0, init, ldi, a, w + j * I * N * 4, count, N, I);
      }
    }
  }

  /** db += Σ dz; dWₖ += xₖᵀ·dz; dx = Σₖ dz·Wₖᵀ, each where the window had its row. @param db 0 for none */
  backward(group: Group, dz: number, db: number): void {
    const { k, x, dx } = this.#at;
    const [N, I] = [this.#N, x.width];
    const { kernelSize, strides, dilationRate } = this.#layer;
    const { count } = this.#window;
    const [a, b] = [this.#blocks.a!, this.#blocks.b!];
    const dW = this.#kernel.gradient(group);
    this.#clearAround();
    for (let r = 0; r < group.count; r++) {
      const [from, ld] = this.#operand(group, r);
      const dzr = dz + r * count * N * 4;
      k.packPanels(b, dzr, N, 0, count, N);
      if (db) k.sumPanels(db, b, count, N);
      for (let j = 0; j < kernelSize; j++) {
        const own = dW + j * I * N * 4;
        k.packColumns(a, from + j * dilationRate * ld * 4, strides * ld, I, count);
        k.product(own, N, 0, own, N, a, b, I, N, count);
      }
      if (dx) this.#backwardToInput(dzr, dx, dx.at(group) + r * dx.sequence * 4);
    }
  }

  #backwardToInput(dz: number, dx: Rows, to: number): void {
    const { k, x } = this.#at;
    const [N, C] = [this.#N, this.#C];
    const { kernelSize, strides, dilationRate } = this.#layer;
    const { count, before, rows } = this.#window;
    const [a, wT, all] = [this.#blocks.a!, this.#blocks.wT!, this.#blocks.dxp!];
    k.clear(all, rows * C);
    k.packRows(a, dz, N, count, N);
    for (let j = 0; j < kernelSize; j++) {
      const own = all + j * dilationRate * C * 4;
      k.product(own, strides * C, 0, own, strides * C, a, wT + j * N * C * 4, count, C, N);
    }
    k.copyRows(to, dx.stride, all + before * C * 4, C, C, x.T);
  }

  /** Zeros before and behind the copy of x; what lies there is another layer's until now. */
  #clearAround(): void {
    const { k, x } = this.#at;
    const { before, rows, isPadded } = this.#window;
    if (!isPadded) return;
    const [xp, end] = [this.#blocks.xp!, before + x.T];
    k.clear(xp, before * this.#C);
    k.clear(xp + end * this.#C * 4, (rows - end) * this.#C);
  }

  /** Where the first row of a sample's first window is, and how far from a row to the next. */
  #operand(group: Group, r: number): [from: number, ld: number] {
    const { k, x } = this.#at;
    const from = x.at(group) + r * x.sequence * 4;
    const { before, isPadded } = this.#window;
    if (!isPadded) return [from, x.stride];
    const xp = this.#blocks.xp!;
    k.copyRows(xp + before * this.#C * 4, this.#C, from, x.stride, x.width, x.T);
    return [xp, this.#C];
  }
}

/** A convolution over time: (B, T, features) → (B, T', filters). Keras's Conv1D. */
export const conv1d = (config: Conv1dConfig): Conv1dLayer =>
  describeLayer("conv1d", conv1dKind.options, config);
