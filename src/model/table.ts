/**
 * The table of weights: name, shape and place of every tensor, in one order. Files, digests, memory
 * offsets, getWeights and test labels all derive from it.
 */
import type { Initializer, Layer } from "./layers.ts";

/** Widths are padded to this many f32 inside; PAD of `assembly/gemm.ts`. */
export const PAD = 8;

/** n rounded up to the padded width. */
export const padded = (n: number): number => Math.ceil(n / PAD) * PAD;

/**
 * One weight. Outside it is (…, blocks·width), dense; inside each of its rows is `blocks` runs of
 * `width` numbers, each padded to `stride`: the four gates of an LSTM are four blocks.
 */
export interface WeightSpec {
  /** Keras's path: `lstm_1/lstm_cell/recurrent_kernel`. */
  readonly name: string;
  readonly layer: number;
  readonly shape: readonly number[];
  readonly rows: number;
  readonly blocks: number;
  readonly width: number;
  readonly stride: number;
  readonly initializer: Initializer;
  /** Gates whose bias starts at 1: the block's number. */
  readonly oneBlock?: number;
  /** Floats from the start of the weights. */
  readonly offset: number;
  /** Floats inside, padding included. */
  readonly length: number;
}

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Features that layer `index` gives. */
export function widthOf(layer: Layer): number {
  return layer.type === "embedding" ? layer.outputDim : layer.units;
}

/** Features that the first layer is fed with, or null where it takes ids. */
export function inputFeatures(layers: readonly Layer[]): number | null {
  const first = layers[0]!;
  return first.type === "lstm" || first.type === "simpleRNN" ? first.inputShape![1] : null;
}

/** Every weight of the layers, in order. The embedding comes first, so the rest is one block. */
export function weightTable(layers: readonly Layer[]): WeightSpec[] {
  const table: WeightSpec[] = [];
  let offset = 0;
  const add = (
    layer: number,
    path: string,
    rows: number | null,
    blocks: number,
    width: number,
    initializer: Initializer,
    oneBlock?: number,
  ) => {
    const stride = padded(width);
    const length = (rows ?? 1) * blocks * stride;
    table.push({
      name: `${layers[layer]!.name}/${path}`,
      layer,
      shape: rows === null ? [blocks * width] : [rows, blocks * width],
      rows: rows ?? 1,
      blocks,
      width,
      stride,
      initializer,
      ...(oneBlock !== undefined && { oneBlock }),
      offset,
      length,
    });
    offset += length;
  };
  let features = inputFeatures(layers) ?? 0;
  for (const [i, layer] of layers.entries()) {
    switch (layer.type) {
      case "embedding":
        add(i, "embeddings", layer.inputDim, 1, layer.outputDim, layer.embeddingsInitializer);
        break;
      case "lstm":
      case "simpleRNN": {
        const [cell, gates] = layer.type === "lstm" ? ["lstm_cell", 4] : ["simple_rnn_cell", 1];
        const forget = layer.type === "lstm" && layer.unitForgetBias ? 1 : undefined;
        add(i, `${cell}/kernel`, features, gates as number, layer.units, layer.kernelInitializer);
        add(
          i,
          `${cell}/recurrent_kernel`,
          layer.units,
          gates as number,
          layer.units,
          layer.recurrentInitializer,
        );
        add(i, `${cell}/bias`, null, gates as number, layer.units, layer.biasInitializer, forget);
        break;
      }
      case "dense":
        add(i, "kernel", features, 1, layer.units, layer.kernelInitializer);
        add(i, "bias", null, 1, layer.units, layer.biasInitializer);
    }
    features = widthOf(layer);
  }
  return table;
}

/** Floats of all weights inside, padding included. */
export const tableLength = (table: readonly WeightSpec[]): number => {
  const last = table.at(-1)!;
  return last.offset + last.length;
};

/** Dense data → the padded rows inside. `to` holds spec.length floats. */
export function padWeight(spec: WeightSpec, from: ArrayLike<number>, to: Float32Array): void {
  copyRuns(spec, (dense, inside, n) => {
    for (let j = 0; j < n; j++) to[inside + j] = from[dense + j]!;
  });
}

/** The padded rows inside → dense data. */
export function unpadWeight(spec: WeightSpec, from: Float32Array): Float32Array<ArrayBuffer> {
  const to = new Float32Array(sizeOf(spec.shape));
  copyRuns(spec, (dense, inside, n) => to.set(from.subarray(inside, inside + n), dense));
  return to;
}

function copyRuns(spec: WeightSpec, copy: (dense: number, inside: number, n: number) => void): void {
  for (let run = 0; run < spec.rows * spec.blocks; run++)
    copy(run * spec.width, run * spec.stride, spec.width);
}
