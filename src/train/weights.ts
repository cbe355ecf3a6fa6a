/** What setWeights accepts. */
import { LstmkitError } from "../errors.ts";
import { type PlacedWeight, sizeOf } from "../model/weights.ts";
import { show } from "../options.ts";
import { numbersOf, shapeOf } from "./numbers.ts";

/** @throws BAD_SHAPE, BAD_VALUE before anything changes */
export function checkWeights(given: unknown, specs: readonly PlacedWeight[]): Float32Array[] {
  if (!Array.isArray(given)) {
    throw new LstmkitError(
      "BAD_SHAPE",
      `setWeights() was given ${show(given)}; it takes a list: see getWeights().`,
    );
  }
  if (given.length !== specs.length) {
    throw new LstmkitError(
      "BAD_SHAPE",
      `${given.length} weights were given; the model has ${specs.length}: see getWeights().`,
    );
  }
  return specs.map((spec, i) => {
    const name = `weight ${i}, ${spec.name}`;
    const { shape, each } = numbersOf(given[i], name);
    if (shape.join() !== spec.shape.join()) {
      throw new LstmkitError(
        "BAD_SHAPE",
        `${name}, has shape ${shapeOf(spec.shape)}; ${shapeOf(shape)} was given.`,
      );
    }
    const values = new Float32Array(sizeOf(shape));
    each((value, at) => {
      values[at] = value;
      if (Number.isFinite(values[at])) return;
      throw new LstmkitError(
        "BAD_VALUE",
        `${name}, element ${at} is ${value}; weights are numbers that are finite in float32.`,
      );
    });
    return values;
  });
}
