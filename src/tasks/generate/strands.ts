/**
 * A text in strands that are read side by side, so that a batch goes on where the one before ended: truncated
 * backpropagation through time. Strand s is the text from s · distance on; batch n is piece n of every strand.
 * docs/streaming.md has the same as an example.
 */
import type { Tensor } from "../../index.ts";

/** How a text is cut. */
export interface Strands {
  readonly ids: Uint16Array;
  /** B: strands, samples of a batch. */
  readonly strands: number;
  /** T: tokens of a piece, timesteps of a batch. */
  readonly steps: number;
  /** Tokens from the beginning of a strand to that of the next. */
  readonly distance: number;
  /** Pieces of a strand. */
  readonly pieces: number;
  /** Where the first strand begins; tokens before, and those behind the last strand, are in none. */
  readonly offset: number;
}

/** A model's inputs and, at each step, the token that comes next. */
export interface Pieces {
  /** (pieces · B, T): ids. Sample i is strand i mod B. */
  readonly x: Tensor<Int32Array>;
  /** The same, one token ahead. */
  readonly y: Tensor<Int32Array>;
}

/**
 * Strands of a text in as many whole pieces as it has; what is left is in front or behind, by the epoch, so that each
 * epoch has its pieces elsewhere.
 */
export function strandsOf(ids: Uint16Array, strands: number, steps: number, epoch = 0): Strands {
  const pieces = Math.floor((ids.length - 1) / (strands * steps));
  const left = ids.length - 1 - pieces * strands * steps;
  return { ids, strands, steps, distance: pieces * steps, pieces, offset: (epoch * SHIFT) % (left + 1) };
}

/** From epoch to epoch; a prime, so that it comes to every place. */
const SHIFT = 61;

/** Pieces `from` to `to` (not included) of every strand. */
export function piecesOf(
  { ids, strands, steps, distance, offset }: Strands,
  from: number,
  to: number,
): Pieces {
  const shape = [(to - from) * strands, steps];
  const [x, y] = [new Int32Array(shape[0]! * steps), new Int32Array(shape[0]! * steps)];
  for (let piece = from; piece < to; piece++) {
    for (let strand = 0; strand < strands; strand++) {
      const at = offset + strand * distance + piece * steps;
      const row = ((piece - from) * strands + strand) * steps;
      x.set(ids.subarray(at, at + steps), row);
      y.set(ids.subarray(at + 1, at + steps + 1), row);
    }
  }
  return { x: { data: x, shape }, y: { data: y, shape } };
}
