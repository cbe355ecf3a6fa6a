/** A heat map without a canvas: its pixels, where a pointer is, where a key moves to. */
import { stepOf } from "../../src/picture/colour-scale.ts";

/** Numbers to paint: one row a timestep, one column a unit. */
export interface HeatMap {
  /** (rows, units), row-major */
  readonly values: Float32Array;
  readonly rows: number;
  readonly units: number;
  /** `order[column]` is the unit shown there. */
  readonly order: Uint16Array;
  readonly low: number;
  readonly high: number;
}

/**
 * Paints one pixel for each row and column. Where there are more units than columns, a column shows
 * the mean of the units that share it: none is left out of the picture.
 *
 * @param pixels (rows, columns, 4) out: RGBA
 * @param table what colourTable() gives
 */
export function paintHeatMap(
  pixels: Uint8ClampedArray,
  { values, rows, units, order, low, high }: HeatMap,
  columns: number,
  table: Uint8Array,
): void {
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * units;
    for (let column = 0; column < columns; column++) {
      const from = Math.floor((column * units) / columns);
      const to = Math.max(from + 1, Math.floor(((column + 1) * units) / columns));
      let sum = 0;
      for (let u = from; u < to; u++) sum += values[start + order[u]!]!;
      const step = stepOf(sum / (to - from), low, high) * 3;
      pixels[at++] = table[step]!;
      pixels[at++] = table[step + 1]!;
      pixels[at++] = table[step + 2]!;
      pixels[at++] = 255;
    }
  }
}

/** A place in the picture; `column` counts columns as they are ordered, not units. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** The cell under a point, given as shares 0 … 1 of the picture's width and height. */
export function cellAt(x: number, y: number, rows: number, units: number): Cell {
  return { row: within(Math.floor(y * rows), rows), column: within(Math.floor(x * units), units) };
}

/**
 * Where a key leads from a cell: arrows by one, with Shift or as Page Up and Page Down by ten, Home and
 * End to the ends of the row, with Ctrl of the text. Undefined for a key without a meaning here.
 */
export function cellAfterKey(
  { row, column }: Cell,
  key: { readonly key: string; readonly shiftKey: boolean; readonly ctrlKey: boolean },
  rows: number,
  units: number,
): Cell | undefined {
  const by = key.shiftKey ? 10 : 1;
  const to = (r: number, c: number): Cell => ({ row: within(r, rows), column: within(c, units) });
  switch (key.key) {
    case "ArrowUp":
      return to(row - by, column);
    case "ArrowDown":
      return to(row + by, column);
    case "ArrowLeft":
      return to(row, column - by);
    case "ArrowRight":
      return to(row, column + by);
    case "PageUp":
      return to(row - 10, column);
    case "PageDown":
      return to(row + 10, column);
    case "Home":
      return key.ctrlKey ? to(0, column) : to(row, 0);
    case "End":
      return key.ctrlKey ? to(rows - 1, column) : to(row, units - 1);
    default:
      return undefined;
  }
}

function within(index: number, length: number): number {
  return Math.min(Math.max(index, 0), length - 1);
}
