/** Sequences as what a network is fed with: ids or rows of numbers, in pieces, and in batches of one length. */
import type { SequenceInput, SequenceSet } from "../../data/labelled/set.ts";
import type { Vocabulary } from "../../data/vocabulary-options.ts";
import type { Tensor } from "../../index.ts";
import { rowsOf, type Scaling } from "./numbers.ts";
import { textIds, tokenIds } from "./words.ts";

/** How sequences become rows; kept in the model's file. */
export interface Encoding {
  readonly input: SequenceInput;
  readonly features: readonly string[];
  readonly vocabulary?: Vocabulary;
  readonly scaling?: Scaling;
  /** Steps of numbers that are read as one. */
  readonly fold: number;
  /** Words of a text that are read; steps of a piece, where labels are of steps. */
  readonly maxLen: number;
  /** Whether steps behind a sequence's end may stand beside those of longer ones. */
  readonly masked: boolean;
}

/** Numbers of a step that is none, each of them. None of a sequence is so far from its mean. */
export const MASK = -1e9;

/** A piece of a sequence: all of it, unless labels are of steps and it is long. */
export interface Piece {
  /** Its sequence's place in the set. */
  readonly sequence: number;
  /** The step of the sequence that it begins with. */
  readonly from: number;
  readonly steps: number;
  /** (steps) ids, or (steps, width) numbers. */
  readonly values: Int32Array | Float32Array;
}

/** A set, encoded. */
export interface Encoded {
  readonly pieces: readonly Piece[];
  /** Numbers of a step; 0 for ids. */
  readonly width: number;
  readonly masked: boolean;
}

/** @param isCut whether long sequences are cut into pieces: where labels are of steps */
export function encodeSet(set: SequenceSet, encoding: Encoding, isCut: boolean): Encoded {
  const { vocabulary, scaling, fold, maxLen, features, masked } = encoding;
  const width = vocabulary ? 0 : fold * features.length;
  const most = isCut ? maxLen : Number.POSITIVE_INFINITY;
  const pieces: Piece[] = [];
  for (const [sequence, found] of set.sequences.entries()) {
    const all =
      typeof found === "string"
        ? textIds(vocabulary!, found, maxLen)
        : found instanceof Float64Array
          ? rowsOf(found, features.length, scaling!, fold)
          : tokenIds(vocabulary!, found);
    const each = Math.max(width, 1);
    const steps = all.length / each;
    for (let from = 0; from < steps; from += most) {
      const to = Math.min(from + most, steps);
      pieces.push({ sequence, from, steps: to - from, values: all.subarray(from * each, to * each) });
    }
  }
  return { pieces, width, masked };
}

/** Some pieces as x (n, T) or (n, T, width): padded behind their ends. */
export function tensorOf(
  pieces: readonly Piece[],
  { width }: Pick<Encoded, "width">,
  T = longest(pieces),
): Tensor<Int32Array | Float32Array> {
  if (width === 0) {
    const data = new Int32Array(pieces.length * T);
    for (const [i, { values }] of pieces.entries()) data.set(values, i * T);
    return { data, shape: [pieces.length, T] };
  }
  const data = new Float32Array(pieces.length * T * width);
  for (const [i, { values }] of pieces.entries()) {
    data.set(values, i * T * width);
    data.fill(MASK, i * T * width + values.length, (i + 1) * T * width);
  }
  return { data, shape: [pieces.length, T, width] };
}

export const longest = (pieces: readonly Piece[]): number =>
  pieces.reduce((most, { steps }) => Math.max(most, steps), 1);

/** Numbers that are laid out at once. */
const AT_ONCE = 2 ** 20;

/**
 * Places of pieces in chunks that are computed at once: pieces of like length together, of the same length where nothing
 * masks what stands behind an end.
 *
 * @param most pieces in a chunk
 */
export function chunksOf({ pieces, width, masked }: Encoded, most: number): number[][] {
  const order = pieces.map((_, i) => i).sort((a, b) => pieces[a]!.steps - pieces[b]!.steps || a - b);
  const chunks: number[][] = [];
  let T = -1;
  for (const i of order) {
    const { steps } = pieces[i]!;
    const last = chunks.at(-1);
    const size = (last?.length ?? 0) + 1;
    const fits =
      last && size <= most && size * steps * Math.max(width, 1) <= AT_ONCE && (masked || steps === T);
    if (fits) last.push(i);
    else chunks.push([i]);
    T = steps;
  }
  return chunks;
}
