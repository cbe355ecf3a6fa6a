/** What fit, evaluate and predict accept, checked once at the edge. */
import { LstmkitError } from "../errors.ts";
import type { Layer } from "../layers/index.ts";
import { inputOf } from "../model/stack.ts";
import { sizeOf } from "../model/weights.ts";
import type { Tensor } from "../tensor.ts";

type Nested =
  | readonly number[]
  | readonly (readonly number[])[]
  | readonly (readonly (readonly number[])[])[];

/** Ids (n, T) for a model with an embedding, numbers (n, T, features) for one without. */
export type Inputs = Tensor | Nested;
/** Targets (n), (n, units), or (n, T, units) where the model gives sequences. */
export type Targets = Tensor | ArrayLike<number> | Nested;

const show = (shape: readonly (number | string)[]) => `(${shape.join(", ")})`;

/**
 * @param T timesteps that are wanted, where they are known
 * @throws BAD_SHAPE, BAD_INDEX, BAD_VALUE
 */
export function checkInputs(given: Inputs, layers: readonly Layer[], name = "x"): Tensor {
  const x = toTensor(given, name);
  const first = layers[0]!;
  const { holds, sequence, T: steps, width } = inputOf(layers);
  const wanted = ["n", ...(sequence ? [steps ?? "T"] : []), ...(holds === "ids" ? [] : [width])];
  const fits =
    x.shape.length === wanted.length && wanted.every((w, i) => typeof w === "string" || w === x.shape[i]);
  if (!fits || x.shape.some((n) => n === 0)) {
    const remedy =
      first.type === "embedding"
        ? "Give ids of one length per row, e.g. padSequences(sequences, { maxLen: 80 })."
        : "Give each sample as timesteps × features.";
    throw new LstmkitError(
      "BAD_SHAPE",
      `${name} has shape ${show(x.shape)}; this model takes ${show(wanted)}. ${remedy}`,
    );
  }
  const limit = first.type === "embedding" ? first.inputDim : null;
  const rowSize = sizeOf(x.shape) / x.shape[0]!;
  for (let i = 0; i < x.data.length; i++) {
    const value = x.data[i]!;
    if (
      limit === null
        ? Number.isFinite(value) && Number.isFinite(Math.fround(value))
        : Number.isInteger(value) && value >= 0 && value < limit
    )
      continue;
    const place = `${name}, sample ${Math.floor(i / rowSize)}, element ${i % rowSize}`;
    if (limit === null) {
      throw new LstmkitError(
        "BAD_VALUE",
        `${place} is ${value}; a model takes numbers that are finite in float32. Drop, fill or scale such samples.`,
      );
    }
    throw new LstmkitError(
      "BAD_INDEX",
      `${place} is ${value}; the embedding takes whole numbers from 0 to ${limit - 1}. ` +
        "Raise inputDim, or cut the vocabulary (numWords).",
    );
  }
  return x;
}

/**
 * @param outputShape of one sample
 * @throws BAD_SHAPE, BAD_LABEL
 */
export function checkTargets(
  targets: Targets,
  samples: number,
  outputShape: readonly number[],
  name = "y",
): Tensor {
  const y = toTensor(targets, name);
  const wanted = [samples, ...outputShape];
  // (n) and (n, 1), (n, T) and (n, T, 1) are the same targets.
  const given = show(y.shape);
  if (given !== show(wanted) && !(wanted.at(-1) === 1 && given === show(wanted.slice(0, -1)))) {
    throw new LstmkitError(
      "BAD_SHAPE",
      `${name} has shape ${show(y.shape)}; this model and x want ${show(wanted)}: a target for each sample's output.`,
    );
  }
  for (let i = 0; i < y.data.length; i++) {
    const value = y.data[i]!;
    if (value !== 0 && value !== 1) {
      throw new LstmkitError(
        "BAD_LABEL",
        `${name}[${i}] is ${value}; binaryCrossentropy takes 0 and 1. Map your two classes to them.`,
      );
    }
  }
  return y;
}

function toTensor(given: Inputs | Targets, name: string): Tensor {
  if (isTensor(given)) {
    const sizes = Array.isArray(given.shape) && given.shape.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!sizes) {
      throw new LstmkitError(
        "BAD_SHAPE",
        `${name} has shape ${JSON.stringify(given.shape)}; a shape is a list of whole numbers, e.g. [25000, 80].`,
      );
    }
    if (!ArrayBuffer.isView(given.data) || sizeOf(given.shape) !== given.data.length) {
      throw new LstmkitError(
        "BAD_SHAPE",
        `${name} claims shape ${show(given.shape)}, ${sizeOf(given.shape)} numbers; its data has ${given.data?.length ?? "none"}.`,
      );
    }
    return given;
  }
  if (ArrayBuffer.isView(given)) {
    return {
      data: given as unknown as Float32Array,
      shape: [(given as unknown as ArrayLike<number>).length],
    };
  }
  if (!Array.isArray(given)) {
    throw new LstmkitError(
      "BAD_SHAPE",
      `${name} is ${given === null ? "null" : typeof given}; give { data, shape } or nested arrays.`,
    );
  }
  const shape: number[] = [];
  for (let level: unknown = given; Array.isArray(level); level = level[0]) shape.push(level.length);
  const flat: number[] = [];
  const walk = (level: unknown, depth: number, path: string) => {
    if (depth === shape.length) {
      if (typeof level !== "number") {
        throw new LstmkitError(
          "BAD_VALUE",
          `${path} is ${JSON.stringify(level) ?? typeof level}; it must be a number.`,
        );
      }
      flat.push(level);
      return;
    }
    if (!Array.isArray(level) || level.length !== shape[depth]) {
      const found = Array.isArray(level) ? `has length ${level.length}` : "is no array";
      throw new LstmkitError(
        "BAD_SHAPE",
        `${path} ${found}; the first of its kind has length ${shape[depth]}. Rows must be of one length: see padSequences.`,
      );
    }
    level.forEach((inner, i) => {
      walk(inner, depth + 1, `${path}[${i}]`);
    });
  };
  walk(given, 0, name);
  // f64 keeps what f32 would round: an id past 2²⁴, a label that is almost 1.
  return { data: new Float64Array(flat) as unknown as Float32Array, shape };
}

function isTensor(given: Inputs | Targets): given is Tensor {
  return typeof given === "object" && given !== null && "shape" in given && "data" in given;
}
