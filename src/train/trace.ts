/** The results of trace() and gradientFlow(), filled group by group. */
import { LstmkitError } from "../errors.ts";
import { isRecurrent, type Layer, type RecurrentLayer } from "../model/layers.ts";
import type { StepName } from "../model/recurrent.ts";
import { sizeOf } from "../model/table.ts";
import type { StepValues } from "../model/workspace.ts";
import type { Tensor } from "../tensor.ts";
import type { GradientFlow, Trace } from "./model.ts";

const STATES = { lstm: ["i", "f", "g", "o", "c", "h"], simpleRNN: ["h"] } as const;
const GRADIENTS = { lstm: ["dh", "dc"], simpleRNN: ["dh"] } as const;

type StepTensors = Partial<Record<StepName, Tensor<Float32Array>>>;

/** The same model, giving an output at every step: no weight's shape depends on it. */
export function everyStep(layers: readonly Layer[]): Layer[] {
  const last = layers.findLastIndex(isRecurrent);
  return layers.map((layer, i) => (i === last ? ({ ...layer, returnSequences: true } as Layer) : layer));
}

export const withoutDropout = (layers: readonly Layer[]): Layer[] =>
  layers.map((layer) => (isRecurrent(layer) ? { ...layer, dropout: 0 } : layer));

/** @throws OUT_OF_MEMORY */
export function blankTrace(layers: readonly Layer[], outputShape: readonly number[]): Trace {
  const [samples, T] = outputShape as [number, number];
  return {
    layers: layers
      .filter(isRecurrent)
      .map((layer) => blankLayer<Trace>(layer, STATES[layer.type], [samples, T, layer.units])),
    outputs: blank(outputShape),
  };
}

/** @throws OUT_OF_MEMORY */
export function blankFlow(layers: readonly Layer[], samples: number, T: number): GradientFlow {
  return {
    losses: blank([samples]),
    layers: layers
      .filter(isRecurrent)
      .map((layer) => blankLayer<GradientFlow>(layer, GRADIENTS[layer.type], [samples, T])),
  };
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
  layers: readonly (StepTensors & { readonly units: number })[],
  from: number,
  values: readonly StepValues[],
  reduce: (data: Float32Array, units: number) => Float32Array,
): void {
  for (const [l, layer] of layers.entries()) {
    for (const [name, data] of Object.entries(values[l]!)) {
      const { data: to, shape } = layer[name as StepName]!;
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

function blankLayer<Of extends Trace | GradientFlow>(
  { name, type, units }: RecurrentLayer,
  names: readonly StepName[],
  shape: readonly number[],
): Of["layers"][number] {
  const tensors: StepTensors = Object.fromEntries(names.map((step) => [step, blank(shape)]));
  return { name, type, units, ...tensors } as Of["layers"][number];
}

function blank(shape: readonly number[]): Tensor<Float32Array> {
  try {
    return { data: new Float32Array(sizeOf(shape)), shape };
  } catch (cause) {
    throw new LstmkitError(
      "OUT_OF_MEMORY",
      `the host refused memory for a result of shape (${shape.join(", ")}). Give fewer samples at a time.`,
      { cause },
    );
  }
}
