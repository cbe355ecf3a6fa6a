/** The way of one text through one layer: what a trace holds of the steps that are shown. */
import { type LayerStates, type Model, type StateName, statesOf, type Trace } from "lstmkit";
import type { Step } from "./page.ts";
import { erasures, moves, orderUnits, rowMeans, type UnitOrder } from "./trace-statistics.ts";

/** The order of an LSTM's work, in which its panels stand; those of others stand as their kind has them. */
const ORDER = ["f", "i", "g", "c", "o", "h"];

export interface Passage {
  readonly units: number;
  readonly rows: number;
  /** One for each row. */
  readonly steps: readonly Step[];
  /** What the layer has, in the order in which it is shown. */
  readonly kinds: LayerStates["kinds"];
  /** (rows, units) each, under the same names. */
  readonly values: Readonly<Record<string, Float32Array>>;
  /** `order[column]` is the unit shown there. */
  readonly order: Uint16Array;
  /** After each row, 0 … 1. */
  readonly answers: readonly number[];
  /** Of the answer, at each row. */
  readonly moves: readonly number[];
  /** The share of the cell that is erased at each row; absent where there is no cell. */
  readonly erasures?: readonly number[];
  /** The mean of f in each row; absent where there is no f. */
  readonly meanForget?: readonly number[];
}

export interface PassageOptions {
  /** Counted from 0; the first where there is no such layer. */
  readonly layer: number;
  readonly withPadding: boolean;
  readonly order: UnitOrder;
}

/**
 * Cuts out the steps from the first to the last that are no padding, or takes all. What is erased and
 * what moves at the first row is told from the step before, though it be padding.
 *
 * @returns undefined where there is nothing but padding
 */
export function passageOf(
  trace: Trace,
  layers: Model["layers"],
  answers: readonly number[],
  steps: readonly Step[],
  options: PassageOptions,
): Passage | undefined {
  const layer = trace.layers[options.layer] ?? trace.layers[0];
  const kinds = inOrder(layers, layer?.name);
  const isShown = ({ kind }: Step): boolean => options.withPadding || kind !== "padding";
  const first = steps.findIndex(isShown);
  if (!layer || first < 0) return undefined;
  const end = steps.findLastIndex(isShown) + 1;
  const rows = end - first;
  const { units, f, c } = layer;
  const values: Record<string, Float32Array> = {};
  for (const name of Object.keys(kinds)) {
    values[name] = layer[name as StateName]!.data.subarray(first * units, end * units);
  }
  const [carried] = Object.entries(kinds).find(([, { flows }]) => flows) ?? [];
  return {
    units,
    rows,
    steps: steps.slice(first, end),
    kinds,
    values,
    order: orderUnits(values[carried!]!, rows, units, options.order), // every layer with states carries one
    answers: answers.slice(first, end),
    moves: moves(answers).slice(first, end),
    ...(f && c && { erasures: erasures(f.data, c.data, steps.length, units).slice(first, end) }),
    ...(values.f && { meanForget: rowMeans(values.f, rows, units) }),
  };
}

/** What the layer of that name has, as it is shown. */
function inOrder(layers: Model["layers"], name: string | undefined): LayerStates["kinds"] {
  const found = layers.find((layer) => layer.name === name);
  const kinds = Object.entries((found && statesOf(found))?.kinds ?? {});
  const place = ([letter]: (typeof kinds)[number]) => ORDER.indexOf(letter);
  const isLstm = kinds.every((kind) => place(kind) >= 0);
  return Object.fromEntries(isLstm ? kinds.sort((a, b) => place(a) - place(b)) : kinds);
}

/** What the model would answer after each step, 0 … 1. A head without a sigmoid gives logits. */
export function answersOf({ outputs }: Pick<Trace, "outputs">, layers: Model["layers"]): number[] {
  const head = layers.at(-1)!;
  const isLogit = head.type === "dense" && head.activation !== "sigmoid";
  const [, steps, width] = outputs.shape as [number, number, number];
  return Array.from({ length: steps }, (_, step) => {
    const value = outputs.data[step * width]!;
    return isLogit ? 1 / (1 + Math.exp(-value)) : value;
  });
}
