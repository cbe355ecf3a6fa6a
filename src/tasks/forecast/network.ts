/** The network of a forecaster, and the batches that it reads: windows, cut as they are needed. */
import { RandomState } from "../../data/random-state.ts";
import {
  type CompileOptions,
  dense,
  dropout,
  gru,
  type Inputs,
  input,
  type Layer,
  layerNormLSTM,
  lstm,
  type Model,
  peepholeLSTM,
  type SampleBatch,
} from "../../index.ts";
import type { Breath } from "./breath.ts";
import type { Frame } from "./frame.ts";
import type { Origins } from "./parts.ts";
import { type Ridge, RidgeReader } from "./ridge.ts";
import type { ForecasterOptions } from "./settings.ts";
import { decoderWidth, encoderWidth, type Layout, Windows } from "./windows.ts";

const CELLS = { lstm, gru, peepholeLstm: peepholeLSTM, layerNormLstm: layerNormLSTM };

/** What the layers go by. */
export interface Shape {
  readonly cell: NonNullable<ForecasterOptions["cell"]>;
  readonly units: number;
  readonly layers: number;
  readonly dropout: number;
  /** Outputs of a step and target: 1, or one a quantile. */
  readonly outputs: number;
}

/**
 * An encoder over the window; over what is known of the horizon a decoder, which begins with the states in which the encoder
 * ended (Cho et al. 2014). Where nothing is known, all steps come from the encoder's last output at once.
 *
 * @param isAddition whether it begins by adding nothing to another forecast
 */
export function layersOf(layout: Layout, shape: Shape, isAddition: boolean): Layer[] {
  const { cell, units, layers, dropout: rate, outputs } = shape;
  const { window, horizon, targets } = layout;
  const make = CELLS[cell];
  const numbers = Array.from({ length: layers }, (_, i) => i);
  const known = decoderWidth(layout);
  const hasDecoder = known > 0;
  const encoder = numbers.map((i) =>
    make({
      units,
      name: `past_${i}`,
      returnSequences: i < layers - 1,
      ...(i === 0 && { inputShape: [window, encoderWidth(layout)] }),
    }),
  );
  const decoder = hasDecoder
    ? [
        input({ name: "future", inputShape: [horizon, known] }),
        ...numbers.map((i) =>
          make({ units, name: `future_${i}`, returnSequences: true, initialState: `past_${i}` }),
        ),
      ]
    : [];
  return [
    ...encoder,
    ...decoder,
    ...(rate > 0 ? [dropout({ rate })] : []),
    dense({
      units: (hasDecoder ? 1 : horizon) * targets * outputs,
      name: "forecast",
      ...(isAddition && { kernelInitializer: "zeros" as const }),
    }),
  ];
}

/** How it learns. */
export function compileOptions(
  learningRate: number,
  steps: number,
  loss: CompileOptions["loss"],
): CompileOptions {
  return {
    optimizer: {
      name: "adam",
      learningRate: {
        schedule: "cosineDecay",
        initialLearningRate: learningRate,
        decaySteps: steps,
        alpha: 0.05,
      },
      globalClipnorm: 1,
    },
    loss,
  };
}

/** What a network's outputs are added to, and by how much they are multiplied. */
export interface Frameless {
  readonly layout: Layout;
  /** Null where the network stands alone. */
  readonly ridge: Ridge | null;
  /** The size of what the network learns. */
  readonly gain: number;
}

interface NetworkInputs {
  readonly past: { readonly data: Float32Array; readonly shape: number[] };
  readonly future: { readonly data: Float32Array; readonly shape: number[] };
  readonly x: Inputs;
}

/** Windows that are predicted at a time. */
const AT_ONCE = 512;

/** Cuts the inputs and targets of a network out of series. */
export class Cutter {
  readonly layout: Layout;
  readonly #windows: Windows;
  readonly #ridge: RidgeReader | null;
  readonly #gain: number;
  readonly #added: Float64Array;

  constructor(frames: readonly Frame[], { layout, ridge, gain }: Frameless) {
    this.layout = layout;
    this.#windows = new Windows(frames, layout);
    this.#ridge = ridge && new RidgeReader(layout, ridge);
    this.#gain = gain;
    this.#added = new Float64Array(layout.horizon * layout.targets);
  }

  #open(origins: Origins, i: number): void {
    this.#windows.open(origins.series[i]!, origins.at[i]!);
    if (this.#ridge) this.#ridge.read(this.#windows, this.#added, 0);
  }

  #inputs(count: number): NetworkInputs {
    const { window, horizon } = this.layout;
    const [width, known] = [encoderWidth(this.layout), decoderWidth(this.layout)];
    const past = { data: new Float32Array(count * window * width), shape: [count, window, width] };
    const future = { data: new Float32Array(count * horizon * known), shape: [count, horizon, known] };
    return { past, future, x: known > 0 ? { past_0_input: past, future } : past };
  }

  #write({ past, future }: NetworkInputs, i: number): void {
    const { window, horizon } = this.layout;
    const [width, known] = [encoderWidth(this.layout), decoderWidth(this.layout)];
    this.#windows.writeEncoder(past.data, i * window * width);
    if (known === 0) return;
    for (let j = 0; j < horizon; j++) this.#windows.writeStep(future.data, (i * horizon + j) * known, j);
  }

  /** What the network is to say of a window: step by step, target by target. */
  #wanted(out: Float32Array | Float64Array, at: number): void {
    const { horizon, targets } = this.layout;
    for (let j = 0; j < horizon; j++) {
      for (let k = 0; k < targets; k++) {
        const place = j * targets + k;
        out[at + place] = (this.#windows.wanted(k, j) - this.#added[place]!) / this.#gain;
      }
    }
  }

  /** The root of the mean square of what there is to learn. */
  async sizeOf(origins: Origins, breath: Breath): Promise<number> {
    const { horizon, targets } = this.layout;
    const wanted = new Float64Array(horizon * targets);
    let sum = 0;
    for (let i = 0; i < origins.at.length; i++) {
      this.#open(origins, i);
      this.#wanted(wanted, 0);
      for (const value of wanted) sum += value * value;
      if (breath.isDue) await breath.take();
    }
    const size = Math.sqrt(sum / Math.max(1, origins.at.length * wanted.length));
    return size > 1e-9 ? size : 1;
  }

  /** Batches of a pass. @param order numbers of the origins that it has; null for all as they stand */
  *batches(origins: Origins, size: number, order: Int32Array | null): Generator<SampleBatch> {
    const { horizon, targets } = this.layout;
    const n = order?.length ?? origins.at.length;
    const shape = decoderWidth(this.layout) > 0 ? [horizon, targets] : [horizon * targets];
    for (let from = 0; from < n; from += size) {
      const count = Math.min(size, n - from);
      const inputs = this.#inputs(count);
      const y = { data: new Float32Array(count * horizon * targets), shape: [count, ...shape] };
      for (let i = 0; i < count; i++) {
        this.#open(origins, order ? order[from + i]! : from + i);
        this.#write(inputs, i);
        this.#wanted(y.data, i * horizon * targets);
      }
      yield [inputs.x, y];
    }
  }

  /** As batches, for fit: which windows each pass reads, and in which order, goes by the seed and the pass. */
  shuffled(
    origins: Origins,
    { batchSize, most, seed }: { readonly batchSize: number; readonly most: number; readonly seed: number },
  ): (pass: number) => Generator<SampleBatch> {
    return (pass) => {
      const random = new RandomState((seed * 7919 + pass * 104_729 + 1) % 2 ** 32);
      const order = Int32Array.from(random.permutation(origins.at.length));
      return this.batches(origins, batchSize, order.subarray(0, most));
    };
  }

  /**
   * Forecasts in the scale that the series are read in: (origins, horizon, targets, outputs). Without a model the ridge's, or
   * the base's.
   */
  async forecasts(
    model: Model | null,
    origins: Origins,
    outputs: number,
    breath: Breath,
    signal?: AbortSignal,
  ): Promise<Float64Array> {
    const { horizon, targets } = this.layout;
    const own = horizon * targets;
    const n = origins.at.length;
    const result = new Float64Array(n * own * outputs);
    for (let from = 0; from < n; from += AT_ONCE) {
      const count = Math.min(AT_ONCE, n - from);
      const inputs = model && this.#inputs(count);
      const [base, size] = [new Float64Array(count * own), new Float64Array(count * targets)];
      for (let i = 0; i < count; i++) {
        this.#open(origins, from + i);
        if (inputs) this.#write(inputs, i);
        for (let k = 0; k < targets; k++) size[i * targets + k] = this.#windows.size(k);
        for (let j = 0; j < horizon; j++) {
          for (let k = 0; k < targets; k++) {
            const place = j * targets + k;
            base[i * own + place] =
              this.#windows.base(k, j) + (this.#ridge ? this.#added[place]! * this.#windows.size(k) : 0);
          }
        }
        if (breath.isDue) await breath.take();
      }
      const said =
        model && inputs
          ? (await model.predict(inputs.x, { batchSize: 128, ...(signal && { signal }) })).data
          : null;
      for (let i = 0; i < count; i++) {
        for (let place = 0; place < own; place++) {
          const scale = size[i * targets + (place % targets)]! * this.#gain;
          for (let q = 0; q < outputs; q++) {
            const at = (i * own + place) * outputs + q;
            result[from * own * outputs + at] = base[i * own + place]! + (said ? said[at]! * scale : 0);
          }
        }
      }
    }
    return result;
  }
}
