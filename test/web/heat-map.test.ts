import { describe, expect, it } from "vitest";
import { colourTable, STEPS } from "../../src/picture/colour-scale.ts";
import { cellAfterKey, cellAt, paintHeatMap } from "../../web/src/heat-map.ts";

const table = colourTable("sequential", "light");
const colour = (step: number): number[] => [...table.subarray(step * 3, step * 3 + 3), 255];

function paint(values: number[], rows: number, units: number, columns: number, order?: number[]): number[][] {
  const pixels = new Uint8ClampedArray(rows * columns * 4);
  paintHeatMap(
    pixels,
    {
      values: Float32Array.from(values),
      rows,
      units,
      order: Uint16Array.from(order ?? values.keys()).subarray(0, units),
      low: 0,
      high: 1,
    },
    columns,
    table,
  );
  return Array.from({ length: rows * columns }, (_, p) => [...pixels.subarray(p * 4, p * 4 + 4)]);
}

describe("paintHeatMap", () => {
  it("paints a pixel for each row and unit, in the order of units", () => {
    expect(paint([0, 0.5, 1, 1, 0.5, 0], 2, 3, 3, [2, 0, 1])).toEqual(
      [STEPS - 1, 0, (STEPS - 1) / 2, 0, STEPS - 1, (STEPS - 1) / 2].map(colour),
    );
  });

  it("shows the mean of the units that share a column", () => {
    expect(paint([0, 1, 1, 1, 0], 1, 5, 2)).toEqual([
      colour(Math.round(0.5 * (STEPS - 1))),
      colour(Math.round((2 / 3) * (STEPS - 1))),
    ]);
  });

  it("paints 80 words of 512 units in six panels within a frame", () => {
    const values = Array.from({ length: 80 * 512 }, (_, i) => (i % 101) / 100);
    const map = {
      values: Float32Array.from(values),
      rows: 80,
      units: 512,
      order: Uint16Array.from({ length: 512 }, (_, u) => u),
      low: 0,
      high: 1,
    };
    const pixels = new Uint8ClampedArray(80 * 512 * 4);
    const times = Array.from({ length: 9 }, () => {
      const start = performance.now();
      for (let panel = 0; panel < 6; panel++) paintHeatMap(pixels, map, 512, table);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(1000 / 60);
  });
});

describe("cellAt", () => {
  it("gives the cell under a point and never one outside", () => {
    expect(cellAt(0.5, 0.99, 7, 5)).toEqual({ row: 6, column: 2 });
    expect(cellAt(1, -0.1, 7, 5)).toEqual({ row: 0, column: 4 });
  });
});

describe("cellAfterKey", () => {
  const from = { row: 3, column: 2 };
  const press = (key: string, held: { shiftKey?: boolean; ctrlKey?: boolean } = {}) =>
    cellAfterKey(from, { key, shiftKey: false, ctrlKey: false, ...held }, 30, 20);

  it("moves by one, by ten with Shift, and stops at the edges", () => {
    expect(press("ArrowUp")).toEqual({ row: 2, column: 2 });
    expect(press("ArrowRight")).toEqual({ row: 3, column: 3 });
    expect(press("ArrowDown", { shiftKey: true })).toEqual({ row: 13, column: 2 });
    expect(press("ArrowLeft", { shiftKey: true })).toEqual({ row: 3, column: 0 });
    expect(press("PageUp")).toEqual({ row: 0, column: 2 });
  });

  it("goes to the ends of the row and, with Ctrl, of the text", () => {
    expect(press("End")).toEqual({ row: 3, column: 19 });
    expect(press("End", { ctrlKey: true })).toEqual({ row: 29, column: 2 });
    expect(press("Home")).toEqual({ row: 3, column: 0 });
  });

  it("leaves other keys to the page", () => {
    expect(press("Tab")).toBeUndefined();
    expect(press("a")).toBeUndefined();
  });
});
