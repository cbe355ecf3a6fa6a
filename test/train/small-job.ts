import type { ErrorCode } from "../../src/errors.ts";
import {
  bidirectional,
  createRuntime,
  dense,
  dropout,
  embedding,
  gru,
  type Layer,
  LstmkitError,
  layerNormalization,
  lstm,
  type Model,
  type Runtime,
  simpleRNN,
} from "../../src/index.ts";
import { type Build, kernelBytes } from "../builds.ts";
import { integers, keepMask } from "../reference/sample.ts";

/** Ids below it. */
export const V = 50;
export const T = 10;
export const SAMPLES = 37;

/**
 * The IMDB network at a size that trains in milliseconds: embedding, two cells with dropout, sigmoid.
 *
 * @param dropout of the first cell; at 0 it takes its products by token
 */
export const smallLayers = (cell: "lstm" | "simpleRNN" = "lstm", dropout = 0.5): Layer[] => {
  const make = cell === "lstm" ? lstm : simpleRNN;
  return [
    embedding({ inputDim: V, outputDim: 12 }),
    make({ units: 8, dropout, returnSequences: true }),
    make({ units: 5, dropout: 0.25 }),
    dense({ units: 1, activation: "sigmoid" }),
  ];
};

/** Reviews that can be learnt: class 1 has a word of its own. */
export function smallData(samples = SAMPLES) {
  const y = keepMask(samples, 0.5, 7);
  const x = integers(samples * T, V - 1, 8);
  y.forEach((label, n) => {
    if (label === 1) x[n * T + (n % T)] = V - 1;
  });
  return { x: { data: x, shape: [samples, T] }, y: { data: y, shape: [samples] } };
}

export const openKit = (build: Build = "release"): Promise<Runtime> =>
  createRuntime({ kernels: kernelBytes(build) });

export const LOSS = { loss: "binaryCrossentropy", metrics: ["accuracy"] } as const;

/** A compiled model of the small job. */
export async function smallModel(
  kit: Runtime,
  seed = 22,
  cell: "lstm" | "simpleRNN" = "lstm",
  dropout?: number,
): Promise<Model> {
  const model = await kit.sequential(smallLayers(cell, dropout), { seed });
  await model.compile({ optimizer: { name: "adam", learningRate: 0.01 }, ...LOSS });
  return model;
}

/** What the small job lacks: GRU, both directions, layer normalization, dropout layers, softmax. */
export const mixedLayers = (): Layer[] => [
  embedding({ inputDim: V, outputDim: 12 }),
  bidirectional({ layer: gru({ units: 5, dropout: 0.25, returnSequences: true }) }),
  layerNormalization(),
  dropout({ rate: 0.25 }),
  lstm({ units: 8 }),
  dense({ units: 3, activation: "softmax" }),
];

/** Reviews of three classes; classes 1 and 2 have a word of their own. */
export function mixedData(samples = SAMPLES) {
  const y = integers(samples, 3, 7);
  const x = integers(samples * T, V - 2, 8);
  y.forEach((label, n) => {
    if (label > 0) x[n * T + (n % T)] = V - label;
  });
  return { x: { data: x, shape: [samples, T] }, y: { data: y, shape: [samples] } };
}

/** What goes with them: classes, and SGD with momentum. */
export const MIXED = {
  optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 },
  loss: "sparseCategoricalCrossentropy",
  metrics: ["accuracy"],
} as const;

/** A compiled model of the mixed job. */
export async function mixedModel(kit: Runtime, seed = 22): Promise<Model> {
  const model = await kit.sequential(mixedLayers(), { seed });
  await model.compile(MIXED);
  return model;
}

/** The code that a call is refused with. */
export async function codeOf(work: Promise<unknown> | (() => Promise<unknown>)): Promise<ErrorCode> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    if (error instanceof LstmkitError) return error.code;
    throw error;
  }
  throw new Error("the call was not refused");
}
