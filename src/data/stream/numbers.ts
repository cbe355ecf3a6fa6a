/**
 * Sequences of numbers out of a CSV file that no memory holds: a row each, or windows over rows that are steps. Many lines,
 * because both ways share the columns, the numbers and the scales that a first reading finds.
 */
import { LstmkitError } from "../../errors.ts";
import {
  checkOptions,
  type Filled,
  number,
  oneOf,
  optionsOf,
  show,
  trueOrFalse,
  wholeNumber,
} from "../../options.ts";
import type { Tensor } from "../../tensor.ts";
import { list } from "../classes.ts";
import type { Row } from "../csv-rows.ts";
import { numberOf } from "../labelled/numbers.ts";
import { bad, columnOf, namedTable } from "../labelled/table.ts";
import { type ByteFile, byteFile, type CsvSource } from "./byte-file.ts";
import {
  BATCHING_OPTIONS,
  type BatchingOptions,
  fingerprintOf,
  indexedRows,
  type PartRows,
  type StreamedBatches,
  scannedRows,
  shuffleOf,
  streamedBatches,
  windowedRows,
} from "./part.ts";
import { RowIndex } from "./row-index.ts";
import { type Layout, SCAN_OPTIONS, type ScanHooks, scan, TABLE_FLAGS, type TableFlags } from "./scan.ts";
import { isSetApart } from "./set-apart.ts";
import { alone } from "./word-counts.ts";

/** How {@link streamNumbers} reads, splits, scales and orders. */
export interface StreamNumbersOptions extends TableFlags, BatchingOptions, ScanHooks {
  /** Columns of the numbers. Default: all but those that are named below. */
  readonly features?: string | readonly string[];
  /** Column of the number that is to be found out: y holds it. */
  readonly target?: string;
  /** Column of the class that is to be found out: y holds its number. One of target and label is wanted. */
  readonly label?: string;
  /** Names of the classes in the order of their numbers. Default: all that there are, sorted by UTF-16 code units. */
  readonly classes?: readonly string[];
  /** Column of what a row counts for in the loss. */
  readonly weight?: string;
  /**
   * Rows of a window, where a row is one step of a series: x is (n, window, features). Default: a row is a sequence by
   * itself, its numbers are the steps, and x is (n, features, 1).
   */
  readonly window?: number;
  /** How many rows behind a window's last the target is; 0 is the last one itself. Default 1. */
  readonly horizon?: number;
  /**
   * The share set apart for the test, from 0 to below 1. Default 0.2. Of rows that are sequences by themselves, as
   * streamTexts() has it, by what a row holds. Of windows those whose target lies behind the other share of the file's
   * bytes.
   */
  readonly testSplit?: number;
  /** Whether numbers become deviations from the training part's mean: of each column in windows, of all steps in rows. Default true. */
  readonly scale?: boolean;
  /** "mean" puts the mean where a number is missing. Default: such a row is refused, with its line. */
  readonly missing?: "mean" | "refuse";
}

const name = {
  wanted: "the name of a column",
  accepts: (value: unknown) => typeof value === "string",
  fallback: undefined,
};
const isNames = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string");

const STREAM_NUMBERS_OPTIONS = {
  ...TABLE_FLAGS,
  ...BATCHING_OPTIONS,
  ...SCAN_OPTIONS,
  features: {
    wanted: "the name of a column, or a list of names",
    accepts: (value: unknown) => typeof value === "string" || isNames(value),
    fallback: undefined,
  },
  target: name,
  label: name,
  weight: name,
  classes: { wanted: "a list of names", accepts: isNames, fallback: undefined },
  window: { ...wholeNumber(1), fallback: undefined },
  horizon: { ...wholeNumber(0), fallback: 1 },
  testSplit: { ...number("a number from 0 to below 1", (share) => share >= 0 && share < 1), fallback: 0.2 },
  scale: { ...trueOrFalse, fallback: true },
  missing: { ...oneOf("mean", "refuse"), fallback: "refuse" as const },
};

/** x (n, T, features), y (n), and weights (n) where there is a column of them. */
export type NumberBatch =
  | readonly [x: Tensor<Float32Array>, y: Tensor<Float32Array>]
  | readonly [x: Tensor<Float32Array>, y: Tensor<Float32Array>, sampleWeight: Tensor<Float32Array>];

/** A number becomes (number − mean) / deviation; in f64, then rounded to f32. */
export interface StreamScale {
  readonly mean: number;
  readonly deviation: number;
}

/** Numbers that stay in their file. */
export interface StreamedNumbers {
  /** Columns of the numbers. */
  readonly features: readonly string[];
  /** Names of classes, in the order of their numbers. */
  readonly classes?: readonly string[];
  /** Of each feature; of rows that are sequences the one of all steps. Mean 0 and deviation 1 without scale. */
  readonly scales: readonly StreamScale[];
  /** Of a number that is to be found out: y is scaled, too. */
  readonly targetScale?: StreamScale;
  readonly train: StreamedBatches<NumberBatch>;
  /** As it stands in the file. Null where testSplit is 0. */
  readonly test: StreamedBatches<NumberBatch> | null;
  /** Numbers that are missing. */
  readonly missing: number;
  /** Leave the file and its index; batches cannot be asked for then. */
  close(): Promise<void>;
}

const CALL = "streamNumbers()";

/** Classes that are told apart. */
const MOST_CLASSES = 10_000;

/**
 * Reads sequences of numbers from a CSV file in pieces: once from beginning to end, for the classes, means and deviations
 * (Welford 1962, in f64, in the order of the rows) and an index of where rows lie; then batch by batch. What is held is as
 * {@link streamTexts} has it.
 *
 * @throws BAD_CSV with the line; BAD_LABEL for another class than those given, and fewer than two; BAD_ARGUMENT for options
 *   without meaning; BAD_DATASET where a part would be empty; FILE_UNREADABLE; ABORTED; what a stream of the caller's throws
 */
export async function streamNumbers(
  source: CsvSource,
  options: StreamNumbersOptions,
): Promise<StreamedNumbers> {
  const given = checkOptions<StreamNumbersOptions, typeof STREAM_NUMBERS_OPTIONS>(
    CALL,
    options,
    STREAM_NUMBERS_OPTIONS,
  );
  if ((given.target === undefined) === (given.label === undefined)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${CALL} was given ${given.target === undefined ? "neither target nor label" : "target and label"}; wanted one of them, the column of what is to be found out.`,
    );
  }
  const file = byteFile(source, CALL);
  const indexes = [new RowIndex(file.openIndex?.()), new RowIndex(file.openIndex?.())] as const;
  const close = async () => {
    for (const index of indexes) await index.close();
  };
  try {
    return { ...numbersOf(file, given, indexes, await readAll(file, given, indexes)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Given = Filled<StreamNumbersOptions, typeof STREAM_NUMBERS_OPTIONS>;
const flagsOf = (given: Given) => optionsOf<TableFlags>(TABLE_FLAGS, given);
type Indexes = readonly [train: RowIndex, test: RowIndex];
type Cells = readonly string[];

interface Columns {
  readonly features: readonly number[];
  readonly y: number;
  readonly weight: number | undefined;
}

interface FirstReading {
  readonly layout: Layout;
  readonly columns: Columns;
  readonly canSeek: boolean;
  readonly scales: readonly StreamScale[];
  readonly targetScale: StreamScale;
  readonly classes: readonly string[];
  /** Rows for training and for the test. */
  readonly rows: readonly [number, number];
  readonly missing: number;
  readonly bytes: number;
  readonly crc: number;
}

/** Mean and deviation of numbers that come one by one. */
class Moments {
  #n = 0;
  #mean = 0;
  #squares = 0;
  #most = 0;

  add(value: number): void {
    this.#n++;
    const distance = value - this.#mean;
    this.#mean += distance / this.#n;
    this.#squares += distance * (value - this.#mean);
    this.#most = Math.max(this.#most, Math.abs(value));
  }

  /** A deviation of 1 where nothing changes but by rounding. */
  scale(): StreamScale {
    const deviation = this.#n === 0 ? 0 : Math.sqrt(this.#squares / this.#n);
    return { mean: this.#mean, deviation: deviation > this.#most * 1e-9 ? deviation : 1 };
  }
}

const NOT_SCALED: StreamScale = { mean: 0, deviation: 1 };

function columnsOf({ names }: Layout, { features, target, label, weight }: Given): Columns {
  const y =
    target !== undefined
      ? columnOf(names, target, "target", "target, --target")
      : columnOf(names, label!, "label", "label, --label");
  const ofWeight = weight === undefined ? undefined : columnOf(names, weight, "weight", "weight");
  const chosen =
    features === undefined
      ? names.map((_, c) => c).filter((c) => c !== y && c !== ofWeight)
      : [features].flat().map((one) => columnOf(names, one, "feature", "features, --features"));
  if (chosen.length === 0)
    throw bad(`the columns ${list(names)}`, "one with numbers beside what is to be found out");
  return { features: chosen, y, weight: ofWeight };
}

/** NaN where it is missing. @throws BAD_CSV */
function cellNumber(
  row: Row,
  column: number,
  { names, separator }: Layout,
  missing: Given["missing"],
): number {
  const value = numberOf(row.cells[column]!, separator);
  if (value !== undefined && !(Number.isNaN(value) && missing === "refuse")) return value;
  const [found, remedy] =
    value === undefined
      ? [
          `${show(row.cells[column])} in column ${show(names[column])} is no number`,
          "name those that are numbers (features, --features)",
        ]
      : [`no number in column ${show(names[column])}`, 'fill it, or pass missing: "mean"'];
  throw bad(`line ${row.line}: ${found}`, `a number in every row; ${remedy}`);
}

async function readAll(file: ByteFile, given: Given, indexes: Indexes): Promise<FirstReading> {
  const { window, testSplit, seed, missing: ifMissing, label } = given;
  const isWindowed = window !== undefined;
  const moments: Moments[] = [];
  const ofTarget = new Moments();
  const classes = new Set<string>(given.classes);
  const rows: [number, number] = [0, 0];
  let known: Pick<FirstReading, "layout" | "columns" | "canSeek"> | null = null;
  let [missing, bytes, crc] = [0, 0, 0];
  for await (const scanned of scan(file, flagsOf(given), given, namedTable)) {
    const { layout } = scanned;
    ({ bytes, crc } = scanned);
    if (!known) {
      const canSeek = file.read !== null && layout.coding !== undefined;
      shuffleOf(given.shuffle, canSeek, CALL);
      if (isWindowed && !canSeek) {
        throw new LstmkitError(
          "BAD_ARGUMENT",
          `${CALL}: window is ${window}, and the file can be read from its beginning alone. Give a file in UTF-8 as a Blob or by fileBytes(path).`,
        );
      }
      known = { layout, canSeek, columns: columnsOf(layout, given) };
      for (const _ of isWindowed ? known.columns.features : [0]) moments.push(new Moments());
    }
    const { columns, canSeek } = known;
    for (const row of scanned.rows) {
      const part = isWindowed
        ? row.start >= file.size! * (1 - testSplit) && testSplit > 0
          ? 1
          : 0
        : isSetApart(row.cells.join("\n"), testSplit, seed)
          ? 1
          : 0;
      for (const [f, column] of columns.features.entries()) {
        const value = cellNumber(row, column, layout, ifMissing);
        if (Number.isNaN(value)) missing++;
        else if (part === 0) moments[isWindowed ? f : 0]!.add(value);
      }
      if (columns.weight !== undefined) cellNumber(row, columns.weight, layout, "refuse");
      if (label === undefined) {
        const value = cellNumber(row, columns.y, layout, "refuse");
        if (part === 0) ofTarget.add(value);
      } else noteClass(classes, row, columns.y, layout, given.classes !== undefined);
      rows[part]++;
      const wait = canSeek ? indexes[isWindowed ? 0 : part].add(row.start, row.end - row.start) : undefined;
      if (wait) await wait;
    }
  }
  for (const index of indexes) await index.flush();
  const scales = moments.map((one) => (given.scale ? one.scale() : NOT_SCALED));
  if (label !== undefined && classes.size < 2) {
    throw new LstmkitError(
      "BAD_LABEL",
      `column ${show(label)} has ${classes.size === 0 ? "no class" : `one class alone, ${show([...classes][0])}`}; wanted two at least.`,
    );
  }
  return {
    ...known!,
    ...{ scales, rows, missing, bytes, crc },
    targetScale: given.scale && label === undefined ? ofTarget.scale() : NOT_SCALED,
    classes: given.classes ?? [...classes].sort((a, b) => (a < b ? -1 : 1)),
  };
}

/** @throws BAD_CSV, BAD_LABEL */
function noteClass(
  classes: Set<string>,
  row: Row,
  column: number,
  { names }: Layout,
  areGiven: boolean,
): void {
  const cell = row.cells[column]!.trim();
  if (classes.has(cell)) return;
  const place = `line ${row.line}: ${show(names[column])}`;
  if (cell === "") throw bad(`line ${row.line} has no ${show(names[column])}`, "a class in every row");
  if (areGiven) {
    throw new LstmkitError(
      "BAD_LABEL",
      `${place} is ${show(cell)}, which is none of the classes ${list([...classes])}.`,
    );
  }
  classes.add(alone(cell));
  if (classes.size <= MOST_CLASSES) return;
  throw new LstmkitError(
    "BAD_LABEL",
    `${place} is one of more than ${MOST_CLASSES} classes; wanted the name of a column with fewer (label), or target for a number.`,
  );
}

function numbersOf(
  file: ByteFile,
  given: Given,
  indexes: Indexes,
  { layout, columns, canSeek, scales, targetScale, classes, rows, missing, bytes, crc }: FirstReading,
): Omit<StreamedNumbers, "close"> {
  const { window, horizon, testSplit, seed, label, batchSize } = given;
  const numberOfClass = new Map(classes.map((one, i) => [one, i]));
  const scaled = (cell: string, { mean, deviation }: StreamScale) => {
    const value = numberOf(cell, layout.separator)!;
    return Number.isNaN(value) ? 0 : (value - mean) / deviation;
  };
  const targetOf = (cells: Cells) =>
    label === undefined
      ? scaled(cells[columns.y]!, targetScale)
      : numberOfClass.get(cells[columns.y]!.trim())!;
  /** Rows of a sample, and steps of these. */
  const span = window === undefined ? 1 : window + horizon;
  const steps = window ?? columns.features.length;
  const width = window === undefined ? 1 : columns.features.length;
  const make = (found: readonly Cells[]): NumberBatch => {
    const n = found.length / span;
    const x = new Float32Array(n * steps * width);
    const y = new Float32Array(n);
    const weights = new Float32Array(n);
    let at = 0;
    for (let i = 0; i < n; i++) {
      for (let r = 0; r < (window ?? 1); r++) {
        const cells = found[i * span + r]!;
        for (const [f, column] of columns.features.entries())
          x[at++] = scaled(cells[column]!, scales[window === undefined ? 0 : f]!);
      }
      const last = found[(i + 1) * span - 1]!;
      y[i] = targetOf(last);
      if (columns.weight !== undefined) weights[i] = scaled(last[columns.weight]!, NOT_SCALED);
    }
    const own = [
      { data: x, shape: [n, steps, width] },
      { data: y, shape: [n] },
    ] as const;
    return columns.weight === undefined ? own : [...own, { data: weights, shape: [n] }];
  };
  const what = { columns, scales, targetScale, classes, window, horizon, testSplit, seed };
  const fingerprint = fingerprintOf({ bytes, crc }, what);
  const partAs = (part: 0 | 1): StreamedBatches<NumberBatch> => {
    const shuffle = part === 0 && shuffleOf(given.shuffle, canSeek, CALL);
    let own: PartRows;
    if (window !== undefined) {
      // Windows whose target is in the part; those of the test may begin before it.
      const first = part === 0 ? 0 : Math.max(0, rows[0] - span + 1);
      const end = part === 0 ? rows[0] : rows[0] + rows[1];
      own = windowedRows(file, layout, indexes[0], first, Math.max(0, end - first - span + 1), span);
    } else if (canSeek) own = indexedRows(file, layout, indexes[part]);
    else {
      const belongs = (cells: Cells) => isSetApart(cells.join("\n"), testSplit, seed) === (part === 1);
      own = scannedRows(file, flagsOf(given), rows[part], Number(shuffle) || batchSize, belongs, namedTable);
    }
    if (own.length === 0) {
      throw new LstmkitError(
        "BAD_DATASET",
        `of ${rows[0] + rows[1]} rows, with testSplit ${testSplit}${window === undefined ? "" : `, windows of ${window} and a horizon of ${horizon}`}, the ${part === 0 ? "training" : "test"} part has none; wanted more rows.`,
      );
    }
    return streamedBatches(own, { ...given, shuffle }, `${fingerprint}, part ${part}`, make);
  };
  return {
    features: columns.features.map((c) => layout.names[c]!),
    ...(label === undefined ? { targetScale } : { classes }),
    scales,
    train: partAs(0),
    test: testSplit === 0 ? null : partAs(1),
    missing,
  };
}
