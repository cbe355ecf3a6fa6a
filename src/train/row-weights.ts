/** What samples, timesteps and classes count for in the loss, as weights of the rows of outputs. */
import { LstmkitError } from "../errors.ts";
import { lossKindOf, targetWidthOf } from "../losses/index.ts";
import type { AnyLoss } from "../losses/kind.ts";
import { aWeight } from "../losses/targets.ts";
import { sizeOf } from "../model/weights.ts";
import { show } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { numbersOf, roomFor, shapeOf } from "./numbers.ts";

/** What each class counts for, under its number; one that is not named counts for 1. */
export type ClassWeights = Readonly<Record<number, number>>;

/**
 * Weights of samples, (n), or of the steps of sequences, (n, T), for rows of outputs of this shape.
 *
 * @throws BAD_SHAPE, BAD_VALUE, OUT_OF_MEMORY
 */
export function sampleWeights(given: unknown, rows: readonly number[], name: string): Tensor<Float32Array> {
  const { shape, each } = numbersOf(given, name);
  const [samples] = rows as [number];
  const found = shapeOf(shape);
  // (n) and (n, 1), (n, T) and (n, T, 1) are the same weights.
  if (![rows, [samples]].some((own) => found === shapeOf(own) || found === shapeOf([...own, 1]))) {
    const steps = rows.length > 1 ? `, or ${shapeOf(rows)}, a weight for each step` : "";
    throw new LstmkitError(
      "BAD_SHAPE",
      `${name} has shape ${found}; this model and x want (${samples}), a weight for each sample${steps}.`,
    );
  }
  const data = roomFor(rows, Float32Array, name);
  const own = data.length / sizeOf(shape);
  each((value, i) => {
    if (!aWeight.accepts(value)) {
      throw new LstmkitError("BAD_VALUE", `${name}[${i}] is ${value}; a weight is ${aWeight.wanted}.`);
    }
    data.fill(value + 0, i * own, (i + 1) * own); // -0 is 0
  });
  return { data, shape: rows };
}

/**
 * Weights of the classes of targets that were checked, row by row.
 *
 * @throws BAD_ARGUMENT
 */
export function weightsOfClasses(
  given: ClassWeights,
  y: Tensor<Float32Array>,
  loss: AnyLoss,
  units: number,
): Tensor<Float32Array> {
  const how = lossKindOf(loss).classes?.(units);
  if (how === undefined) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `classWeight wants a class for each row, and ${loss.name} of ${units} unit${units > 1 ? "s" : ""} has none: ` +
        "give a weight for each sample, or step, as sampleWeight.",
    );
  }
  const byClass = weightsByClass(given, units === 1 ? 2 : units);
  const width = targetWidthOf(loss, units);
  const data = roomFor(y.shape.slice(0, -1), Float32Array, "classWeight");
  for (let row = 0; row < data.length; row++) {
    const target = y.data.subarray(row * width, (row + 1) * width);
    data[row] = byClass[how === "number" ? target[0]! : largest(target)]!;
  }
  return { data, shape: y.shape.slice(0, -1) };
}

function weightsByClass(given: ClassWeights, classes: number): Float32Array {
  const byClass = new Float32Array(classes).fill(1);
  for (const [key, weight] of Object.entries(given)) {
    const index = Number(key);
    if (String(index) !== key || !Number.isInteger(index) || index < 0 || index >= classes) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `classWeight has ${show(key)}; the model's classes have the numbers from 0 to ${classes - 1}.`,
      );
    }
    byClass[index] = weight + 0; // -0 is 0
  }
  return byClass;
}

/** The place of the largest, the first of equals, as NumPy has it. */
const largest = (row: Float32Array) => row.reduce((most, value, i) => (value > row[most]! ? i : most), 0);
