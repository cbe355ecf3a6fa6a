import { describe, expect, it } from "vitest";
import {
  colourTable,
  oklab,
  type ScaleKind,
  STEPS,
  stepOf,
  type Theme,
} from "../../src/picture/colour-scale.ts";

const themes: Theme[] = ["light", "dark"];
const kinds: ScaleKind[] = ["sequential", "diverging"];
type Triple = [number, number, number];

const colourAt = (table: Uint8Array, step: number): Triple =>
  Array.from(table.subarray(step * 3, step * 3 + 3), (v) => v / 255) as Triple;

/** Machado, Oliveira and Fernandes (2009), severity 1, on linear sRGB. */
const DEFICIENCIES: Record<string, readonly Triple[]> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seenWith(matrix: readonly Triple[], colour: Triple): Triple {
  const linear = colour.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return matrix.map((row) => {
    const v = Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, weight, k) => sum + weight * linear[k]!, 0),
      ),
    );
    return v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055;
  }) as Triple;
}

const distance = (a: Triple, b: Triple): number => {
  const [p, q] = [oklab(a), oklab(b)];
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
};

describe("colourTable", () => {
  it.each(themes)("a sequential scale goes one way in lightness, away from the page (%s)", (theme) => {
    const table = colourTable("sequential", theme);
    const sign = theme === "light" ? -1 : 1;
    for (let step = 5; step < STEPS; step += 5) {
      const [before, here] = [oklab(colourAt(table, step - 5))[0], oklab(colourAt(table, step))[0]];
      expect(sign * (here - before)).toBeGreaterThan(0.005);
    }
  });

  it.each(themes)("a diverging scale turns at its middle step (%s)", (theme) => {
    const table = colourTable("diverging", theme);
    const middle = (STEPS - 1) / 2;
    const sign = theme === "light" ? -1 : 1;
    const lightness = (step: number): number => oklab(colourAt(table, step))[0];
    for (let away = 10; away <= middle; away += 10) {
      expect(sign * (lightness(middle - away) - lightness(middle - away + 10))).toBeGreaterThan(0);
      expect(sign * (lightness(middle + away) - lightness(middle + away - 10))).toBeGreaterThan(0);
    }
  });

  it.each(themes.flatMap((theme) => Object.keys(DEFICIENCIES).map((name) => [theme, name] as const)))(
    "plus and minus stay apart: %s, %s",
    (theme, name) => {
      const table = colourTable("diverging", theme);
      const matrix = DEFICIENCIES[name]!;
      for (const quarter of [0, 0.1, 0.25]) {
        const low = colourAt(table, Math.round(quarter * (STEPS - 1)));
        const high = colourAt(table, Math.round((1 - quarter) * (STEPS - 1)));
        expect(distance(seenWith(matrix, low), seenWith(matrix, high))).toBeGreaterThan(0.12);
      }
    },
  );

  it("has STEPS colours of three bytes", () => {
    for (const kind of kinds)
      for (const theme of themes) expect(colourTable(kind, theme)).toHaveLength(STEPS * 3);
  });
});

describe("stepOf", () => {
  it("gives 0 of a diverging scale its middle", () => {
    expect(stepOf(0, -2.5, 2.5)).toBe((STEPS - 1) / 2);
  });

  it("takes the nearest end for what lies outside, and the low end for NaN", () => {
    expect(stepOf(-3, 0, 1)).toBe(0);
    expect(stepOf(7, 0, 1)).toBe(STEPS - 1);
    expect(stepOf(Number.NaN, 0, 1)).toBe(0);
  });
});
