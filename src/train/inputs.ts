/** What fit, evaluate and predict accept, checked and copied once at the edge. */
import { LstmkitError } from "../errors.ts";
import type { Layer } from "../layers/index.ts";
import { lossKindOf, targetWidthOf } from "../losses/index.ts";
import type { AnyLoss } from "../losses/kind.ts";
import { type Branch, branchesOf, outputShape } from "../model/stack.ts";
import { sizeOf } from "../model/weights.ts";
import { show } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { numbersOf, roomFor, shapeOf } from "./numbers.ts";
import { type ClassWeights, sampleWeights, weightsOfClasses } from "./row-weights.ts";

type Row = ArrayLike<number> | ArrayLike<bigint> | readonly boolean[];
type Nested = Row | readonly Row[] | readonly (readonly Row[])[];

/** Numbers with their shape; any typed array. */
interface Shaped {
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
  readonly shape: readonly number[];
}

type Data = Tensor | Shaped | Nested;

/**
 * Ids (n, T) for a model with an embedding, numbers (n, T, features) or (n, features) for one without: a typed
 * array with its shape, or nested arrays, whose rows may be typed arrays. They are copied when the call is made.
 *
 * A model of several inputs takes such data for each of them, of as many samples: by the inputs' names,
 * `{ encoder_input, decoder_input }`, or in a list in their order.
 */
export type Inputs = Data | readonly Data[] | Readonly<Record<string, Data>>;
/**
 * Targets, by the loss: a number for each output, (n, units), (n, T, units), or (n) and (n, T) where units is 1;
 * or class numbers, (n) or (n, T); or one for each of a `quantile`'s lists of outputs, or a
 * `gaussianNegativeLogLikelihood`'s pairs, of which there are fewer than units. As Inputs.
 */
export type Targets = Data;

/**
 * What samples count for in the loss, from 0 on: (n), or (n, T), a weight for each step, where the model gives
 * sequences. As Inputs.
 */
export type SampleWeights = Tensor | Shaped | Nested;

/** Samples of our own. */
export interface Unlabelled {
  /** Of each input, and its timesteps. */
  readonly x: readonly Tensor<Int32Array | Float32Array>[];
  readonly T: readonly number[];
  readonly samples: number;
}

export interface Samples extends Unlabelled {
  readonly y: Tensor<Float32Array>;
  /** Of the rows of outputs, (n) or (n, T); null where all count alike. */
  readonly weights: Tensor<Float32Array> | null;
}

/**
 * The data of every input that has a branch there.
 *
 * @throws BAD_SHAPE, BAD_INDEX, BAD_VALUE, BAD_ARGUMENT, OUT_OF_MEMORY
 */
export function checkInputs(given: Inputs, branches: readonly Branch[], name = "x"): Unlabelled {
  const named = namedInputs(given, branches, name);
  const x = named.map(([called, data], i) => checkInput(data, branches[i]!, called));
  const samples = x[0]!.shape[0]!;
  for (const [i, { shape }] of x.entries()) {
    if (shape[0] === samples) continue;
    throw new LstmkitError(
      "BAD_SHAPE",
      `${named[i]![0]} has ${shape[0]} samples, and ${named[0]![0]} has ${samples}; each sample wants a row in both.`,
    );
  }
  return { x, samples, T: x.map(({ shape }, i) => (branches[i]!.input.sequence ? shape[1]! : 1)) };
}

/**
 * What was given for each input, in their order, with its name for messages.
 *
 * @throws BAD_ARGUMENT where a model of several inputs is not given each of them
 */
export function namedInputs(
  given: Inputs,
  branches: readonly Branch[],
  name: string,
): (readonly [called: string, data: Data])[] {
  const names = branches.map((branch) => branch.name);
  if (branches.length === 1 && !isNamed(given, names[0]!)) return [[name, given as Data]];
  const refuse = (found: string): never => {
    const list = names.join(", ");
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${name} ${found}; wanted are the data of ${names.length === 1 ? "one input" : `${names.length} inputs`}: give { ${list} }, or a list of them in that order.`,
    );
  };
  if (typeof given !== "object" || given === null || ArrayBuffer.isView(given)) refuse(`is ${show(given)}`);
  if (Array.isArray(given) && given.length !== names.length) refuse(`is a list of ${given.length}`);
  const own = given as Readonly<Record<string, Data>>;
  const keys: readonly string[] = Array.isArray(given) ? names.map((_, i) => String(i)) : names;
  const missing = keys.find((key) => own[key] === undefined);
  if (missing !== undefined) refuse(`has no ${missing}`);
  const extra = Object.keys(own).find((key) => !keys.includes(key));
  if (extra !== undefined) refuse(`has ${show(extra)}, which is none of its inputs`);
  return names.map((input, i) => [`${input} of ${name}`, own[keys[i]!]!]);
}

/** Whether that is data under the name of a model's only input. */
const isNamed = (given: unknown, name: string) =>
  Object.prototype.toString.call(given) === "[object Object]" &&
  !("shape" in Object(given)) &&
  Object.hasOwn(Object(given), name);

function checkInput(given: Data, { input, layers }: Branch, name: string): Tensor<Int32Array | Float32Array> {
  const first = layers[0]!;
  const numbers = numbersOf(given, name);
  const { shape } = numbers;
  const { holds, sequence, T: steps, width } = input;
  const wanted = ["n", ...(sequence ? [steps ?? "T"] : []), ...(holds === "ids" ? [] : [width])];
  const fits =
    shape.length === wanted.length && wanted.every((w, i) => typeof w === "string" || w === shape[i]);
  if (!fits || shape.some((n) => n === 0)) {
    const remedy =
      holds === "ids"
        ? "Give ids of one length per row, e.g. padSequences(sequences, { maxLen: 80 })."
        : `Give each sample as ${sequence ? "timesteps × features" : "its features"}.`;
    throw new LstmkitError(
      "BAD_SHAPE",
      `${name} has shape ${shapeOf(shape)}; this model takes ${shapeOf(wanted)}. ${remedy}`,
    );
  }
  const rowSize = sizeOf(shape.slice(1));
  const place = (i: number) => `${name}, sample ${Math.floor(i / rowSize)}, element ${i % rowSize}`;
  const data =
    first.type === "embedding"
      ? idsBelow(first.inputDim, numbers, name, place)
      : finiteNumbers(numbers, name, place);
  return { data, shape };
}

type Place = (index: number) => string;

function idsBelow(
  limit: number,
  { shape, each }: ReturnType<typeof numbersOf>,
  name: string,
  place: Place,
): Int32Array {
  const ids = roomFor(shape, Int32Array, name);
  each((value, i) => {
    if (!(Number.isInteger(value) && value >= 0 && value < limit)) {
      throw new LstmkitError(
        "BAD_INDEX",
        `${place(i)} is ${value}; the embedding takes whole numbers from 0 to ${limit - 1}. ` +
          "Raise inputDim, or cut the vocabulary (numWords).",
      );
    }
    ids[i] = value;
  });
  return ids;
}

function finiteNumbers(
  { shape, each }: ReturnType<typeof numbersOf>,
  name: string,
  place: Place,
): Float32Array {
  const data = roomFor(shape, Float32Array, name);
  each((value, i) => {
    data[i] = value;
    if (!Number.isFinite(data[i])) {
      throw new LstmkitError(
        "BAD_VALUE",
        `${place(i)} is ${value}; a model takes numbers that are finite in float32. Drop, fill or scale such samples.`,
      );
    }
  });
  return data;
}

/**
 * Inputs with targets that the loss has a meaning for, and their weights where there are some.
 *
 * @param suffix of the names x and y in messages
 * @throws BAD_SHAPE, BAD_INDEX, BAD_VALUE, BAD_LABEL, BAD_ARGUMENT, OUT_OF_MEMORY
 */
export function checkSamples(
  x: Inputs,
  y: Targets,
  layers: readonly Layer[],
  loss: AnyLoss,
  weights?: SampleWeights,
  suffix = "",
): Samples {
  const inputs = checkInputs(x, branchesOf(layers), `x${suffix}`);
  const { samples, T } = inputs;
  const outputs = outputShape(layers, T);
  const units = outputs.at(-1)!;
  const rows = [samples, ...outputs.slice(0, -1)];
  return {
    ...inputs,
    y: checkTargets(y, [...rows, targetWidthOf(loss, units)], units, loss, `y${suffix}`),
    weights: weights === undefined ? null : sampleWeights(weights, rows, `sampleWeight${suffix}`),
  };
}

function checkTargets(
  given: Targets,
  wanted: readonly number[],
  units: number,
  loss: AnyLoss,
  name: string,
): Tensor<Float32Array> {
  const { shape, each } = numbersOf(given, name);
  // (n) and (n, 1), (n, T) and (n, T, 1) are the same targets.
  const found = shapeOf(shape);
  if (found !== shapeOf(wanted) && !(wanted.at(-1) === 1 && found === shapeOf(wanted.slice(0, -1)))) {
    const kind = lossKindOf(loss).targets === "class" ? "the number of a class" : "a target";
    throw new LstmkitError(
      "BAD_SHAPE",
      `${name} has shape ${found}; this model and x want ${shapeOf(wanted)}: ${kind} for each sample's output.`,
    );
  }
  const data = roomFor(shape, Float32Array, name);
  const { refuses } = lossKindOf(loss);
  each((value, i) => {
    const why = refuses(value, units);
    if (why !== undefined) throw new LstmkitError("BAD_LABEL", `${name}[${i}] is ${value}; ${why}.`);
    data[i] = value;
  });
  return { data, shape: wanted };
}

/** The numbers of each input. */
export const dataOf = ({ x }: Unlabelled) => x.map(({ data }) => data);

/** Samples from … to, without copying. */
export function part({ x, y, weights, samples, T }: Samples, from: number, to: number): Samples {
  const cut = <D extends Int32Array | Float32Array>({ data, shape }: Tensor<D>): Tensor<D> => {
    const size = data.length / samples;
    return { data: data.subarray(from * size, to * size) as D, shape: [to - from, ...shape.slice(1)] };
  };
  return { x: x.map(cut), y: cut(y), weights: weights && cut(weights), samples: to - from, T };
}

/** The same with the weights of their classes. @throws BAD_ARGUMENT */
export function weighClasses(
  samples: Samples,
  classes: ClassWeights,
  layers: readonly Layer[],
  loss: AnyLoss,
): Samples {
  const units = outputShape(layers, samples.T).at(-1)!;
  return { ...samples, weights: weightsOfClasses(classes, samples.y, loss, units) };
}
