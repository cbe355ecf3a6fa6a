/**
 * Numbers as callers give them: a typed array with a shape, or arrays within arrays. They are read once, into an
 * array of our own, each by its index: what is missing is found, and what the caller does with theirs later
 * changes nothing.
 */
import { LstmkitError } from "../errors.ts";
import { sizeOf } from "../model/weights.ts";
import { show } from "../options.ts";

/** Axes of anything that a model takes: samples, timesteps, features. */
const MOST_AXES = 3;

/** What WebAssembly's address space holds of 32-bit numbers; no batch of more could be worked on. */
export const MOST_NUMBERS = 2 ** 30;

/** Numbers that were given, of a shape that is known, to be read in their order. */
export interface Numbers {
  readonly shape: readonly number[];
  /** Hand out every number with its index. @throws BAD_VALUE, BAD_SHAPE where one is missing, or none */
  each(take: (value: number, index: number) => void): void;
}

export const shapeOf = (shape: readonly (number | string)[]) => `(${shape.join(", ")})`;

/**
 * Find out the shape; no number is read yet.
 *
 * @param name for messages
 * @throws BAD_SHAPE for what has no shape
 */
export function numbersOf(given: unknown, name: string): Numbers {
  if (isShaped(given)) return shapedNumbers(given, name);
  if (isTyped(given)) return { shape: [given.length], each: (take) => eachOf(given, () => name, 0, take) };
  if (Array.isArray(given)) return nestedNumbers(given, name);
  throw new LstmkitError("BAD_SHAPE", `${name} is ${show(given)}; give { data, shape } or nested arrays.`);
}

function shapedNumbers(given: { data: unknown; shape: unknown }, name: string): Numbers {
  // Both are read once: they may be anybody's getters.
  const { data, shape: givenShape } = given;
  const shape: unknown[] = Array.isArray(givenShape) ? Array.from(givenShape) : [];
  if (!Array.isArray(givenShape) || !shape.every((n) => Number.isSafeInteger(n) && Number(n) >= 0)) {
    throw new LstmkitError(
      "BAD_SHAPE",
      `${name} has shape ${show(givenShape)}; a shape is a list of whole numbers, e.g. [25000, 80].`,
    );
  }
  const sizes = shape as number[];
  if (!isTyped(data) && !Array.isArray(data)) {
    throw new LstmkitError(
      "BAD_SHAPE",
      `${name} has ${data === undefined ? "no data" : `${show(data)} for its data`}; wanted a typed array of ${sizeOf(sizes)} numbers.`,
    );
  }
  if (sizeOf(sizes) !== data.length) {
    const isGone = isTyped(data) && isDetached(data);
    throw new LstmkitError(
      "BAD_SHAPE",
      `${name} claims shape ${shapeOf(sizes)}, ${sizeOf(sizes)} numbers; its data has ${data.length}` +
        `${isGone ? ": its buffer was transferred to somewhere else. Give a copy." : "."}`,
    );
  }
  return { shape: sizes, each: (take) => eachOf(data, () => `${name}.data`, 0, take) };
}

function nestedNumbers(given: readonly unknown[], name: string): Numbers {
  const shape: number[] = [];
  let first: unknown = given;
  while (isList(first)) {
    shape.push(first.length);
    if (shape.length > MOST_AXES) {
      throw new LstmkitError(
        "BAD_SHAPE",
        `${name} is nested more than ${MOST_AXES} deep; wanted samples, timesteps and features at most.`,
      );
    }
    first = first[0];
  }
  const at: number[] = []; // where the walk is: a path in words is wanted for a message alone
  const path = () => name + at.map((i) => `[${i}]`).join("");
  const walk = (level: unknown, depth: number, from: number, take: Take): void => {
    if (!isList(level) || level.length !== shape[depth]) {
      if (level === undefined) throw missing(path());
      const found = isList(level) ? `has length ${level.length}` : `is ${show(level)}, no array`;
      throw new LstmkitError(
        "BAD_SHAPE",
        `${path()} ${found}; the first of its kind has length ${shape[depth]}. Rows must be of one length: see padSequences.`,
      );
    }
    if (depth === shape.length - 1) {
      eachOf(level, path, from, take);
      return;
    }
    const size = sizeOf(shape.slice(depth + 1));
    for (let i = 0; i < level.length; i++) {
      at.push(i);
      walk(level[i], depth + 1, from + i * size, take);
      at.pop();
    }
  };
  return { shape, each: (take) => walk(given, 0, 0, take) };
}

type Take = (value: number, index: number) => void;
type Typed = ArrayBufferView & ArrayLike<number | bigint>;

function eachOf(list: ArrayLike<unknown>, path: () => string, from: number, take: Take): void {
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    take(typeof value === "number" ? value : numberOf(value, `${path()}[${i}]`), from + i);
  }
}

/** Booleans count as 0 and 1, as in Keras; a bigint as the number that it is. */
function numberOf(value: unknown, place: string): number {
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "bigint" && Number.isSafeInteger(Number(value))) return Number(value);
  if (value === undefined) throw missing(place);
  throw new LstmkitError("BAD_VALUE", `${place} is ${show(value)}; it must be a number.`);
}

const missing = (place: string) =>
  new LstmkitError("BAD_VALUE", `${place} is missing; wanted a number in every place.`);

function isShaped(given: unknown): given is { data: unknown; shape: unknown } {
  return typeof given === "object" && given !== null && "shape" in given && !Array.isArray(given);
}

const isTyped = (given: unknown): given is Typed => ArrayBuffer.isView(given) && !(given instanceof DataView);

const isList = (given: unknown): given is ArrayLike<unknown> => Array.isArray(given) || isTyped(given);

/** A view of a buffer that is somewhere else now has length 0, and so has its buffer. */
const isDetached = ({ buffer, byteLength }: ArrayBufferView): boolean =>
  byteLength === 0 && buffer.byteLength === 0;

const REMEDY = "Give fewer samples at a time.";

/** Before any are made. @param what for the message @throws OUT_OF_MEMORY where so many numbers cannot be held */
export function requireRoom(size: number, what: string): void {
  if (!(size <= MOST_NUMBERS)) throw noRoom(size, what, `and ${MOST_NUMBERS} is the most`);
}

/** Room for the numbers of a shape. @throws OUT_OF_MEMORY */
export function roomFor<A>(shape: readonly number[], make: new (length: number) => A, what: string): A {
  const size = sizeOf(shape);
  const called = `${what} of shape ${shapeOf(shape)}`;
  requireRoom(size, called);
  try {
    return new make(size);
  } catch (cause) {
    throw noRoom(size, called, "and the host refused memory for them", cause);
  }
}

const noRoom = (size: number, what: string, why: string, cause?: unknown) =>
  new LstmkitError("OUT_OF_MEMORY", `${what} has ${size} numbers, ${why}. ${REMEDY}`, { cause });
