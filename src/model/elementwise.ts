/** Functions of single numbers, in wasm for the sake of their bits. */
import { LstmkitError } from "../errors.ts";
import { isList, oneOf, show } from "../options.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { LinearMemory } from "../wasm/memory.ts";

const KERNELS = {
  sin: "sinElements",
  cos: "cosElements",
  log: "logElements",
  exp: "expElements",
} as const satisfies Readonly<Record<string, keyof Kernels>>;

const NAMES = oneOf(...Object.keys(KERNELS));

/** Numbers that are in linear memory at a time: 1 MB. */
const AT_ONCE = 2 ** 17;

/** @throws BAD_ARGUMENT, BAD_VALUE, OUT_OF_MEMORY */
export function elementwise(
  kernels: Kernels,
  memory: LinearMemory,
  name: keyof typeof KERNELS,
  values: ArrayLike<number>,
): Float64Array<ArrayBuffer> {
  if (!NAMES.accepts(name)) {
    throw new LstmkitError("BAD_ARGUMENT", `elementwise() was given ${show(name)}; wanted ${NAMES.wanted}.`);
  }
  if (!isList(values)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `elementwise() was given ${show(values)} for its numbers; wanted a Float64Array, or a list.`,
    );
  }
  const result = new Float64Array(values.length);
  for (let i = 0; i < result.length; i++) {
    const value: unknown = values[i];
    if (typeof value !== "number") {
      throw new LstmkitError("BAD_VALUE", `elementwise(): number ${i} is ${show(value)}, which is none.`);
    }
    result[i] = value;
  }
  const place = memory.allocate(Math.min(result.length, AT_ONCE) * 8, "numbers for elementwise()");
  try {
    for (let from = 0; from < result.length; from += AT_ONCE) {
      const part = result.subarray(from, from + AT_ONCE);
      memory.f64(place, part.length).set(part);
      kernels[KERNELS[name]](place, place, part.length);
      part.set(memory.f64(place, part.length));
    }
  } finally {
    memory.free(place);
  }
  // The specification leaves NaN's bits open.
  for (let i = 0; i < result.length; i++) if (Number.isNaN(result[i]!)) result[i] = Number.NaN;
  return result;
}
