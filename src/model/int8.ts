/**
 * Weights in int8: w(k, n) = q(k, n)·rows(k)·columns(n), q from -127 to 127. A table has a scale for each row, a matrix
 * for each column; one whose products are taken in int8 has a factor for each row as well, which goes onto what it is
 * multiplied with (assembly/integer.ts). In memory a weight is the f32 that it stands for, of which its q comes back
 * exactly: all but the products is as it is in any model.
 *
 * Everything here is arithmetic that engines agree on, so a model quantized anywhere has the same bytes.
 */
import type { WeightSpec } from "../layers/kind.ts";

/** What a weight has scales for: `stored` columns alone, `multiplied` both. */
export type Int8Kind = "rows" | "stored" | "multiplied";

/** Of a model's weights those in int8, by name. */
export type Int8Kinds = Readonly<Record<string, Int8Kind>>;

/** One, dense. */
export interface Int8Weight {
  readonly q: Int8Array;
  readonly rows?: Float32Array;
  readonly columns?: Float32Array;
}

/** How each of a model's is held. */
export const kindsOf = (weights: Readonly<Record<string, Int8Weight>> = {}): Int8Kinds =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { rows, columns }]) => [
      name,
      rows && columns ? "multiplied" : rows ? "rows" : "stored",
    ]),
  );

/** What there is to know of a weight: how its kind describes it, and how it lies. */
type Described = Pick<WeightSpec, "shape" | "blocks" | "int8" | "meets"> & {
  readonly rows: number;
  readonly width: number;
};

/** The largest |q|. */
export const LEVELS = 127;
/** Weights of fewer numbers stay in f32: they take no room, and a head's precision is the answer's. */
const LEAST_NUMBERS = 1024;
/** Rows of a matrix that is multiplied in int8; sums of more would leave 32 bits. */
const LEAST_ROWS = 8;
const MOST_ROWS = 131_072;
/** Scales of columns and rows in between: what is made of them is a normal f32. A row's factor is at most 2⁴⁰. */
const SMALLEST = 2 ** -80;
const LARGEST = 2 ** 80;
const LARGEST_FACTOR = 2 ** 40;
/** Factors of rows are powers of two up to 2 to this: one that hardly anything meets needs no levels. */
const MOST_DOUBLED = 10;

/** Whether a number is a scale, of a table's row or of a column; of a factor's range where `factor`. */
export const isScale = (value: number, factor = false): boolean =>
  factor ? value >= 1 / LARGEST_FACTOR && value <= LARGEST_FACTOR : value >= SMALLEST && value <= LARGEST;

/** Whether a matrix of so many rows may be multiplied in int8. */
export const mayMultiply = ({ int8, meets, shape }: Described): boolean =>
  int8 === "columns" && meets !== undefined && shape[0]! >= LEAST_ROWS && shape[0]! <= MOST_ROWS;

/** Whether a weight is worth it, and may be held in int8. */
export const quantizes = ({ int8, rows, blocks, width }: Described, values: Float32Array): boolean =>
  int8 !== undefined && rows * blocks * width >= LEAST_NUMBERS && values.every((w) => Math.abs(w) < LARGEST);

/**
 * A weight in int8.
 *
 * @param factors of its rows, where it is multiplied
 */
export function quantizeWeight(
  { rows, shape, int8 }: Described,
  values: Float32Array,
  factors: Float32Array | undefined,
): Int8Weight {
  const N = shape.at(-1)!;
  const q = new Int8Array(values.length);
  const at = (k: number, n: number) => values[k * N + n]! / (factors ? factors[k]! : 1);
  const scales = new Float32Array(int8 === "rows" ? rows : N);
  for (let k = 0; k < rows; k++) {
    for (let n = 0; n < N; n++) {
      const s = int8 === "rows" ? k : n;
      scales[s] = Math.max(scales[s]!, Math.abs(at(k, n)));
    }
  }
  // What is as good as 0 is 0, at any scale.
  for (let s = 0; s < scales.length; s++) scales[s] = Math.max(scales[s]! / LEVELS, SMALLEST);
  for (let k = 0; k < rows; k++) {
    for (let n = 0; n < N; n++) q[k * N + n] = nearest(at(k, n) / scales[int8 === "rows" ? k : n]!);
  }
  if (int8 === "rows") return { q, rows: scales };
  return { q, ...(factors && { rows: factors }), columns: scales };
}

/** The f32 that it stands for. */
export function valuesOf({ q, rows, columns }: Int8Weight, N: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(q.length);
  for (let i = 0; i < q.length; i++) {
    const row = Math.fround(q[i]! * (rows?.[Math.floor(i / N)] ?? 1));
    values[i] = row * (columns?.[i % N] ?? 1);
  }
  return values;
}

/** The whole numbers that values stand for, as valuesOf made them. */
export function levelsOf(
  values: Float32Array,
  { rows, columns }: Omit<Int8Weight, "q">,
  N: number,
): Int8Array {
  return Int8Array.from(values, (value, i) =>
    nearest(value / (rows?.[Math.floor(i / N)] ?? 1) / (columns?.[i % N] ?? 1)),
  );
}

/** The whole number nearest to x, the even of two, and at most LEVELS. */
function nearest(x: number): number {
  const floor = Math.floor(x);
  const up = x - floor > 0.5 || (x - floor === 0.5 && floor % 2 !== 0);
  return Math.min(LEVELS, Math.max(-LEVELS, up ? floor + 1 : floor));
}

/**
 * Factors that bring the features of what a matrix meets to the same size, but for a factor of 2: each a power of two.
 *
 * @param sizes the largest absolute number of each feature
 */
export function evenOut(sizes: Float32Array): Float32Array {
  const largest = sizes.reduce((a, b) => Math.max(a, b), 0);
  return sizes.map((size) => {
    if (!(size > 0)) return 1;
    const times = Math.min(2 ** MOST_DOUBLED, largest / size);
    return 2 ** (31 - Math.clz32(times)); // the largest power of two that is not above it
  });
}
