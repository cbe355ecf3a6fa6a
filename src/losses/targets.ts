/** What losses share: what they say of targets, in words for messages, and options. */
import { number } from "../options.ts";

/** Any number that float32 holds. */
export const finite = (target: number): string | undefined =>
  Number.isFinite(Math.fround(target)) ? undefined : "targets are numbers that are finite in float32";

/** The number of a class. */
export const aClass = (target: number, units: number): string | undefined =>
  Number.isInteger(target) && target >= 0 && target < units
    ? undefined
    : `this loss takes the number of a class, from 0 to ${units - 1} for a model that ends in ${units} units`;

/** A share of a class. */
export const aShare = (target: number): string | undefined =>
  target >= 0 && target <= 1
    ? undefined
    : "this loss takes a row of shares from 0 to 1, such as a one-hot row; for class numbers take sparseCategoricalCrossentropy";

/** Classes that exclude each other are two at least. */
export const ofClasses = (name: string, units: number): string | undefined =>
  units > 1
    ? undefined
    : `${name} is over classes, a unit for each, and the model ends in 1 unit: give it as many as there are classes, or take binaryCrossentropy.`;

/** A number above 0, in float32 too. */
export const positive = number(
  "above 0 and finite, in float32 too",
  (n) => Math.fround(n) > 0 && Math.fround(n) < Infinity,
);

/** Keras's label_smoothing. */
export const labelSmoothing = { ...number("from 0 to 1", (n) => n >= 0 && n <= 1), fallback: 0 };

/** What a sample, a class or a target counts for. */
export const aWeight = number(
  "a number from 0 on that is finite in float32",
  (n) => n >= 0 && Math.fround(n) < Infinity,
);
