/** The results of trace() and gradientFlow(), filled group by group. */
import { kindOf, type Layer } from "../layers/index.ts";
import type { StateKind } from "../layers/kind.ts";
import { ROW_KINDS } from "../layers/row-kinds.ts";
import type { StepValues } from "../model/batch.ts";
import { signalsAt } from "../model/stack.ts";
import { sizeOf } from "../model/weights.ts";
import type { Tensor } from "../tensor.ts";
import type { GradientFlow, Trace } from "./model.ts";
import { requireRoom, roomFor } from "./numbers.ts";

type StepTensors = Readonly<Record<string, Tensor<Float32Array>>>;

/**
 * The same model, giving an output at every step: no weight's shape depends on it. Where what is above the last
 * recurrent layer makes something else of a sequence than of a row, such as flatten, it stays as it is.
 */
export function everyStep(layers: readonly Layer[]): Layer[] {
  const last = layers.findLastIndex((layer) => kindOf(layer).everyStep);
  if (!layers.slice(last + 1).every(({ type }) => Object.hasOwn(ROW_KINDS, type))) return [...layers];
  return layers.map((layer, i) => (i === last ? (kindOf(layer).everyStep!(layer) as Layer) : layer));
}

export const withoutDropout = (layers: readonly Layer[]): Layer[] =>
  layers.map((layer) => (kindOf(layer).withoutDropout?.(layer) ?? layer) as Layer);

/** @throws OUT_OF_MEMORY */
export function blankTrace(
  layers: readonly Layer[],
  samples: number,
  T: readonly number[],
  outputs: readonly number[],
): Trace {
  let all = samples * sizeOf(outputs);
  const signals = signalsAt(layers, T);
  for (const [i, layer] of layers.entries()) {
    const { units = 0, kinds = {} } = kindOf(layer).states?.(layer) ?? {};
    all += samples * signals[i]!.T * units * Object.keys(kinds).length;
  }
  requireRoom(all, "the trace");
  return {
    layers: blankLayers(
      layers,
      signals,
      () => true,
      (T, units) => [samples, T, units],
    ) as unknown as Trace["layers"],
    outputs: blank([samples, ...outputs]),
  };
}

/** @throws OUT_OF_MEMORY */
export function blankFlow(layers: readonly Layer[], samples: number, T: readonly number[]): GradientFlow {
  return {
    losses: blank([samples]),
    layers: blankLayers(
      layers,
      signalsAt(layers, T),
      ({ flows }) => flows === true,
      (T) => [samples, T],
      "d",
    ) as unknown as GradientFlow["layers"],
  };
}

/** A tensor for each of the states that are wanted, of every layer that has some, at every step that it reads. */
function blankLayers(
  layers: readonly Layer[],
  signals: ReturnType<typeof signalsAt>,
  wanted: (state: StateKind) => boolean,
  shape: (T: number, units: number) => number[],
  prefix = "",
) {
  return layers.flatMap((layer, i) => {
    const states = kindOf(layer).states?.(layer);
    if (!states) return [];
    const { units, kinds } = states;
    const names = Object.entries(kinds).flatMap(([name, state]) => (wanted(state) ? [prefix + name] : []));
    const tensors = Object.fromEntries(names.map((name) => [name, blank(shape(signals[i]!.T, units))]));
    return [{ name: layer.name, type: layer.type, units, ...tensors }];
  });
}

/** Put in what the recurrent layers had for the samples from `from` on. */
export function fillTrace({ layers }: Trace, from: number, values: readonly StepValues[]): void {
  fill(layers, from, values, (data) => data);
}

/** Put in the norms of the gradients for the samples from `from` on. */
export function fillFlow({ layers }: GradientFlow, from: number, values: readonly StepValues[]): void {
  fill(layers, from, values, rowNorms);
}

function fill(
  layers: readonly { readonly units: number }[],
  from: number,
  values: readonly StepValues[],
  reduce: (data: Float32Array, units: number) => Float32Array,
): void {
  for (const [l, layer] of layers.entries()) {
    for (const [name, data] of Object.entries(values[l]!)) {
      const { data: to, shape } = (layer as unknown as StepTensors)[name]!;
      to.set(reduce(data, layer.units), from * sizeOf(shape.slice(1)));
    }
  }
}

/** The Euclidean norm of every run of `width` numbers. */
function rowNorms(data: Float32Array, width: number): Float32Array {
  return Float32Array.from({ length: data.length / width }, (_, row) => {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += data[row * width + j]! ** 2;
    return Math.sqrt(sum);
  });
}

const blank = (shape: readonly number[]): Tensor<Float32Array> => ({
  data: roomFor(shape, Float32Array, "the result"),
  shape,
});
