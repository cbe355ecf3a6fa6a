/**
 * Ridge regression (Hoerl and Kennard 1970) of each step of the horizon on the window, what is known of the step, and a
 * constant: in closed form, in f64, every sum in the order of the windows. On a window less its last value it is what
 * Zeng et al. 2023 call NLinear.
 */
import type { Breath } from "./breath.ts";
import type { Origins } from "./parts.ts";
import { decoderWidth, type Layout, type Windows } from "./windows.ts";

/** What a ridge regression learnt. */
export interface Ridge {
  /** Rows of the window that it reads, the last ones. */
  readonly rows: number;
  /** Times the number of windows: the penalty on the squares of the coefficients. */
  readonly penalty: number;
  /** In float32, as a file keeps them: for each step and target those of the window, the constant, those of the step. */
  readonly weights: Float32Array;
}

/** Coefficients of windows and steps at most: time goes by the square of the first. */
const MOST_FEATURES = 1024;

/** Coefficients for one step of one target: the window's and the constant, then the step's. */
function sizesOf(layout: Layout, rows: number): { readonly p: number; readonly m: number } {
  return { p: (layout.targets + layout.past) * rows + 1, m: decoderWidth(layout) };
}

/** Rows of the window that a ridge reads. */
export function ridgeRows({ window, targets, past }: Layout): number {
  return Math.max(1, Math.min(window, Math.floor(MOST_FEATURES / (targets + past))));
}

/** How many weights there are. */
export function ridgeSize(layout: Layout, rows: number): number {
  const { p, m } = sizesOf(layout, rows);
  return layout.horizon * layout.targets * (p + m);
}

/** Multiply-adds that ridges of one penalty cost, of so many choices of a step's numbers, however many windows were learnt from. */
export function solveCost(layout: Layout, choices: number): number {
  const { p, m } = sizesOf(layout, ridgeRows(layout));
  return p ** 3 / 6 + layout.horizon * ((m * p * (p + m)) / 2 + choices * layout.targets * p * p);
}

/** Multiply-adds that a forecast costs. */
export const readCost = (layout: Layout): number => ridgeSize(layout, ridgeRows(layout));

/** Multiply-adds that a window costs to learn from. */
export function ridgeCost(layout: Layout): number {
  const { p, m } = sizesOf(layout, ridgeRows(layout));
  return (p * p) / 2 + layout.horizon * ((p + m) * (m + layout.targets));
}

/** Sums of squares and products over windows, from which ridges of any penalty follow. */
export class RidgeSums {
  readonly #layout: Layout;
  readonly #rows: number;
  readonly #p: number;
  readonly #m: number;
  #n = 0;
  /** p × p, its lower half. */
  readonly #shared: Float64Array;
  /** Of each step: m × p, m × m, and targets × (p + m). */
  readonly #cross: Float64Array[];
  readonly #own: Float64Array[];
  readonly #right: Float64Array[];

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#rows = ridgeRows(layout);
    const { p, m } = sizesOf(layout, this.#rows);
    [this.#p, this.#m] = [p, m];
    const each = (size: number) => Array.from({ length: layout.horizon }, () => new Float64Array(size));
    this.#shared = new Float64Array(p * p);
    this.#cross = each(m * p);
    this.#own = each(m * m);
    this.#right = each(layout.targets * (p + m));
  }

  /** Add windows. */
  async add(windows: Windows, origins: Origins, breath: Breath): Promise<void> {
    const { horizon, targets } = this.#layout;
    const [p, m] = [this.#p, this.#m];
    const x = new Float64Array(p);
    const s = new Float64Array(m);
    for (let i = 0; i < origins.at.length; i++) {
      windows.open(origins.series[i]!, origins.at[i]!);
      readWindow(windows, x, this.#rows);
      for (let a = 0; a < p; a++) {
        const xa = x[a]!;
        const row = a * p;
        for (let b = 0; b <= a; b++) this.#shared[row + b]! += xa * x[b]!;
      }
      for (let j = 0; j < horizon; j++) {
        const [cross, own, right] = [this.#cross[j]!, this.#own[j]!, this.#right[j]!];
        if (m > 0) windows.writeStep(s, 0, j);
        for (let a = 0; a < m; a++) {
          const sa = s[a]!;
          if (sa === 0) continue; // most marks of a calendar are 0
          for (let b = 0; b < p; b++) cross[a * p + b]! += sa * x[b]!;
          for (let b = 0; b <= a; b++) own[a * m + b]! += sa * s[b]!;
        }
        for (let k = 0; k < targets; k++) {
          const y = windows.wanted(k, j);
          const row = k * (p + m);
          for (let a = 0; a < p; a++) right[row + a]! += y * x[a]!;
          for (let a = 0; a < m; a++) right[row + p + a]! += y * s[a]!;
        }
      }
      if (breath.isDue) await breath.take();
    }
    this.#n += origins.at.length;
  }

  /**
   * The ridges of a penalty: normal equations by Cholesky, whose first p columns are the same for every step. The constant
   * is not penalised.
   *
   * @param some numbers of a step that a ridge is to read, ascending; a ridge for each such choice
   */
  async solve(penalty: number, some: readonly (readonly number[])[], breath: Breath): Promise<Ridge[]> {
    const { horizon, targets } = this.#layout;
    const [p, m] = [this.#p, this.#m];
    const all = some.map((own) => new Float32Array(horizon * targets * (p + own.length)));
    const add = penalty * Math.max(1, this.#n);
    const root = this.#shared.slice();
    for (let a = 0; a < p - 1; a++) root[a * p + a]! += add;
    await cholesky(root, p, breath);
    const lower = new Float64Array(m * p);
    const left = new Float64Array(m * m);
    for (let j = 0; j < horizon; j++) {
      lower.set(this.#cross[j]!);
      for (let a = 0; a < m; a++) {
        forward(root, p, lower, a * p);
        for (let b = 0; b <= a; b++) {
          let sum = this.#own[j]![a * m + b]!;
          for (let c = 0; c < p; c++) sum -= lower[a * p + c]! * lower[b * p + c]!;
          left[a * m + b] = sum;
        }
        if (breath.isDue) await breath.take();
      }
      for (const [i, own] of some.entries()) {
        const size = p + own.length;
        const rows = new Float64Array(own.length * p);
        const corner = new Float64Array(own.length * own.length);
        for (const [a, of] of own.entries()) {
          rows.set(lower.subarray(of * p, (of + 1) * p), a * p);
          for (let b = 0; b <= a; b++) corner[a * own.length + b] = left[of * m + own[b]!]!;
          corner[a * own.length + a]! += add;
        }
        await cholesky(corner, own.length, breath);
        const w = new Float64Array(size);
        for (let k = 0; k < targets; k++) {
          const right = this.#right[j]!.subarray(k * (p + m), (k + 1) * (p + m));
          w.set(right.subarray(0, p));
          for (const [a, of] of own.entries()) w[p + a] = right[p + of]!;
          solveBoth(root, p, rows, corner, own.length, w);
          all[i]!.set(w, (j * targets + k) * size);
        }
        if (breath.isDue) await breath.take();
      }
    }
    return all.map((weights) => ({ rows: this.#rows, penalty, weights }));
  }
}

/** The window's part of the features, and the constant behind it. */
function readWindow(windows: Windows, x: Float64Array, rows: number): void {
  const columns = windows.layout.targets + windows.layout.past;
  for (let c = 0; c < columns; c++) windows.writeColumn(x, c * rows, c, rows);
  x[columns * rows] = 1;
}

/** Says what a ridge does of the window that is open, in the same measure as the network: less the base, by the size. */
export class RidgeReader {
  readonly ridge: Ridge;
  readonly #x: Float64Array;
  readonly #s: Float64Array;

  constructor(layout: Layout, ridge: Ridge) {
    const { p, m } = sizesOf(layout, ridge.rows);
    this.ridge = ridge;
    this.#x = new Float64Array(p);
    this.#s = new Float64Array(m);
  }

  /** Into `out`, step by step, target by target. */
  read(windows: Windows, out: Float64Array, at: number): void {
    const { horizon, targets } = windows.layout;
    const [x, s, { weights, rows }] = [this.#x, this.#s, this.ridge];
    readWindow(windows, x, rows);
    let from = 0;
    for (let j = 0; j < horizon; j++) {
      if (s.length > 0) windows.writeStep(s, 0, j);
      for (let k = 0; k < targets; k++) {
        let sum = 0;
        for (let a = 0; a < x.length; a++) sum += weights[from++]! * x[a]!;
        for (let a = 0; a < s.length; a++) sum += weights[from++]! * s[a]!;
        out[at + j * targets + k] = sum;
      }
    }
  }
}

/** A pivot that is this small a part of what it was is a column that the ones before have said already. */
const LEAST_PIVOT = 1e-13;

/** In place, the lower half of a symmetric matrix becomes its root. A column that adds nothing is left out. */
async function cholesky(a: Float64Array, n: number, breath: Breath): Promise<void> {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    const whole = a[row + i]!;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let sum = a[row + j]!;
      for (let c = 0; c < j; c++) sum -= a[row + c]! * a[other + c]!;
      if (j < i) a[row + j] = sum / a[other + j]!;
      else a[row + i] = sum > LEAST_PIVOT * whole ? Math.sqrt(sum) : Infinity;
    }
    if (breath.isDue) await breath.take();
  }
}

/** v = L⁻¹v for v at a place of a list. */
function forward(root: Float64Array, n: number, v: Float64Array, at: number): void {
  for (let i = 0; i < n; i++) {
    let sum = v[at + i]!;
    const row = i * n;
    for (let c = 0; c < i; c++) sum -= root[row + c]! * v[at + c]!;
    v[at + i] = sum / root[row + i]!;
  }
}

/** w = (L Lᵀ)⁻¹w with L made of four blocks: the root of p, `lower` of m × p, the corner of m. */
function solveBoth(
  root: Float64Array,
  p: number,
  lower: Float64Array,
  corner: Float64Array,
  m: number,
  w: Float64Array,
): void {
  forward(root, p, w, 0);
  for (let a = 0; a < m; a++) {
    let sum = w[p + a]!;
    for (let c = 0; c < p; c++) sum -= lower[a * p + c]! * w[c]!;
    for (let c = 0; c < a; c++) sum -= corner[a * m + c]! * w[p + c]!;
    w[p + a] = sum / corner[a * m + a]!;
  }
  for (let a = m - 1; a >= 0; a--) {
    let sum = w[p + a]!;
    for (let c = a + 1; c < m; c++) sum -= corner[c * m + a]! * w[p + c]!;
    w[p + a] = sum / corner[a * m + a]!;
  }
  for (let i = p - 1; i >= 0; i--) {
    let sum = w[i]!;
    for (let a = 0; a < m; a++) sum -= lower[a * p + i]! * w[p + a]!;
    for (let c = i + 1; c < p; c++) sum -= root[c * p + i]! * w[c]!;
    w[i] = sum / root[i * p + i]!;
  }
}
