/** The results of trace() and gradientFlow(), filled group by group. */
import { kindOf, type Layer } from "../layers/index.ts";
import type { StateKind } from "../layers/kind.ts";
import type { StepValues } from "../model/batch.ts";
import { inputsOf, signalsOf } from "../model/stack.ts";
import { sizeOf } from "../model/weights.ts";
import type { Tensor } from "../tensor.ts";
import type { GradientFlow, Trace } from "./model.ts";
import { requireRoom, roomFor } from "./numbers.ts";

type StepTensors = Readonly<Record<string, Tensor<Float32Array>>>;

/** The same model, giving an output at every step: no weight's shape depends on it. */
export function everyStep(layers: readonly Layer[]): Layer[] {
  const last = layers.findLastIndex((layer) => kindOf(layer).everyStep);
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
  const steps = stepsOf(layers, T);
  let all = samples * sizeOf(outputs);
  for (const [i, layer] of layers.entries()) {
    const { units = 0, kinds = {} } = kindOf(layer).states?.(layer) ?? {};
    all += samples * steps[i]! * units * Object.keys(kinds).length;
  }
  requireRoom(all, "the trace");
  return {
    layers: blankLayers(
      layers,
      () => true,
      (units, i) => [samples, steps[i]!, units],
    ) as unknown as Trace["layers"],
    outputs: blank([samples, ...outputs]),
  };
}

/** @throws OUT_OF_MEMORY */
export function blankFlow(layers: readonly Layer[], samples: number, T: readonly number[]): GradientFlow {
  const steps = stepsOf(layers, T);
  return {
    losses: blank([samples]),
    layers: blankLayers(
      layers,
      ({ flows }) => flows === true,
      (_, i) => [samples, steps[i]!],
      "d",
    ) as unknown as GradientFlow["layers"],
  };
}

/** Steps of what each layer reads, of inputs with so many. */
const stepsOf = (layers: readonly Layer[], T: readonly number[]) =>
  signalsOf(layers, inputsOf(layers, T)).map((signal) => signal.T!);

/** A tensor for each of the states that are wanted, of every layer that has some. */
function blankLayers(
  layers: readonly Layer[],
  wanted: (state: StateKind) => boolean,
  shape: (units: number, layer: number) => number[],
  prefix = "",
) {
  return layers.flatMap((layer, i) => {
    const states = kindOf(layer).states?.(layer);
    if (!states) return [];
    const { units, kinds } = states;
    const names = Object.entries(kinds).flatMap(([name, state]) => (wanted(state) ? [prefix + name] : []));
    const tensors = Object.fromEntries(names.map((name) => [name, blank(shape(units, i))]));
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
