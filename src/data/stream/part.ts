/** A part of a file's rows as batches, which fit and evaluate take as they are: in any order where the file can be read anywhere. */
import { crc32 } from "../../crc32.ts";
import { LstmkitError } from "../../errors.ts";
import { trueOrFalse, wholeNumber } from "../../options.ts";
import { csvRows } from "../csv-rows.ts";
import { type ByteFile, gather, wasChanged } from "./byte-file.ts";
import { RowOrder, type Shuffle } from "./order.ts";
import type { RowIndex } from "./row-index.ts";
import { type Layout, type ScanOptions, scan } from "./scan.ts";

type Cells = readonly string[];

/** How rows become batches. */
export interface BatchingOptions {
  /** Rows in a batch; the last of a pass may have fewer. Default 32. */
  readonly batchSize?: number;
  /**
   * The order of the training part: `true` takes all rows in a new order each pass, by an index of where they lie; a
   * number takes so many at a time, each such window in a new order, one behind the other; `false` takes them as they
   * stand. Default true, and 10,000 for a stream, which is read from its beginning alone.
   */
  readonly shuffle?: Shuffle;
  /** Fixes which rows are for the test. Default 113. */
  readonly seed?: number;
  /** Fixes the order; a model's seed, for the order in which `fit` would shuffle arrays. Default: seed. */
  readonly shuffleSeed?: number;
}

export const BATCHING_OPTIONS = {
  batchSize: { ...wholeNumber(1), fallback: 32 },
  shuffle: {
    wanted: "true, false, or the rows of a window, a whole number from 1 on",
    accepts: (value: unknown) => trueOrFalse.accepts(value) || wholeNumber(1, 2 ** 31 - 1).accepts(value),
    fallback: undefined,
  },
  seed: { ...wholeNumber(0, 2 ** 32 - 1), fallback: 113 },
  shuffleSeed: { ...wholeNumber(0, 2 ** 32 - 1), fallback: undefined },
};

/** Rows of a stream that are shuffled at a time, without a wish. */
const WINDOW = 10_000;

/** @throws BAD_ARGUMENT where all rows are to be shuffled, and cannot be found again */
export function shuffleOf(given: Shuffle | undefined, canSeek: boolean, call: string): Shuffle {
  if (canSeek || given !== true) return given ?? (canSeek ? true : WINDOW);
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `${call}: shuffle is true, and the file can be read from its beginning alone: a stream, or text in an encoding whose rows cannot be told apart. Give a window, shuffle: ${WINDOW}, or a file in UTF-8 as a Blob or by fileBytes(path).`,
  );
}

/** Batches that can be begun anywhere, as `fit`, `evaluate` and `validationData` take them. */
export interface StreamedBatches<Batch> {
  /** Rows. */
  readonly samples: number;
  /** Batches of a pass. */
  readonly batches: number;
  /** Of the file's bytes and of all that decides what is in the batches. */
  readonly fingerprint: string;
  /** @throws FILE_UNREADABLE where the file is not as it was */
  begin(pass: number, from: number): AsyncGenerator<Batch>;
}

/** Rows of a part, wherever they lie. */
export interface PartRows {
  readonly length: number;
  /** Cells of rows, in the order of a pass from place `from` on, `size` at a time. */
  inOrder(order: RowOrder, pass: number, from: number, size: number): AsyncGenerator<readonly Cells[]>;
}

export function streamedBatches<Batch>(
  rows: PartRows,
  given: Pick<Required<BatchingOptions>, "batchSize" | "shuffle" | "seed"> &
    Pick<BatchingOptions, "shuffleSeed">,
  fingerprint: string,
  make: (rows: readonly Cells[]) => Batch,
): StreamedBatches<Batch> {
  const { batchSize, shuffle, seed, shuffleSeed = seed } = given;
  return {
    samples: rows.length,
    batches: Math.ceil(rows.length / batchSize),
    fingerprint: `${fingerprint}, ${rows.length} rows, ${JSON.stringify({ batchSize, shuffle, seed, shuffleSeed })}`,
    async *begin(pass, from) {
      const order = new RowOrder(rows.length, shuffle, shuffleSeed);
      for await (const some of rows.inOrder(order, pass, from * batchSize, batchSize)) yield make(some);
    },
  };
}

/** Rows that are found by an index. */
export function indexedRows(file: ByteFile, layout: Layout, index: RowIndex): PartRows {
  const { coding, separator, hasQuotes, names } = layout;
  const cellsOf = (bytes: Uint8Array): Cells => {
    let cells: Cells | undefined;
    try {
      [{ cells } = { cells: undefined }] = csvRows(coding!.decode(bytes), separator, hasQuotes);
    } catch {
      // it was read once, and is another one now
    }
    if (cells?.length !== names.length) throw wasChanged();
    return cells;
  };
  return {
    length: index.length,
    async *inOrder(order, pass, from, size) {
      for (let at = from; at < index.length; at += size) {
        const places = order.places(pass, at, Math.min(at + size, index.length));
        const found = await gather(await index.find(places), file.read!);
        yield found.map(cellsOf);
      }
    },
  };
}

/** Rows that are gone through from the file's beginning, those of a window held at a time. */
export function scannedRows(
  file: ByteFile,
  options: ScanOptions,
  length: number,
  window: number,
  belongs: (cells: Cells) => boolean,
): PartRows {
  return {
    length,
    async *inOrder(order, pass, from, size) {
      const held = Math.max(window, 1);
      let [place, seen, start]: [number, Cells[], number] = [0, [], 0];
      let ready: Cells[] = [];
      const release = () => {
        // Windows that lie before the place that is wanted were counted, and no more.
        const places = order.places(pass, Math.max(start, from), place);
        for (const own of places) ready.push(seen[own - start]!);
        [seen, start] = [[], place];
      };
      const first = Math.floor(from / held) * held;
      for await (const { rows } of scan(file, options)) {
        for (const { cells } of rows) {
          if (!belongs(cells)) continue;
          if (place === length) throw wasChanged();
          if (place >= first) seen.push(cells);
          else start = place + 1;
          place++;
          if (place % held === 0 && seen.length > 0) release();
        }
        let taken = 0;
        for (; ready.length - taken >= size; taken += size) yield ready.slice(taken, taken + size);
        ready = ready.slice(taken);
      }
      if (place !== length) throw wasChanged();
      if (seen.length > 0) release();
      for (let taken = 0; taken < ready.length; taken += size) yield ready.slice(taken, taken + size);
    },
  };
}

/** Of a file's content and of what is made of it, in a line. @param what plain data */
export function fingerprintOf(
  { bytes, crc }: { readonly bytes: number; readonly crc: number },
  what: unknown,
): string {
  const hex = (sum: number) => sum.toString(16).padStart(8, "0");
  const made = crc32(new TextEncoder().encode(JSON.stringify(what)));
  return `CSV of ${bytes} bytes, CRC ${hex(crc)}, read as ${hex(made)}`;
}
