/** Numbers as a network reads them: what is missing filled, scaled by the training part, steps folded. */
import type { ScalingKind } from "./settings.ts";

/** How numbers are scaled; kept in the model's file. */
export interface Scaling {
  readonly kind: ScalingKind;
  /** Of each feature in the training part. */
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

/** Below it, as a share of the largest magnitude, a feature does not change: rounding alone is there. */
const CONSTANT = 1e-9;

/** What a scaling takes from the training part. Sums are in f64, in the order of the sequences. */
export function fitScaling(kind: ScalingKind, sequences: readonly Float64Array[], features: number): Scaling {
  const sums = Array.from({ length: features }, () => ({ n: 0, sum: 0, most: 0, squares: 0 }));
  const each = (visit: (value: number, f: number) => void) => {
    for (const values of sequences) {
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        if (!Number.isNaN(value)) visit(value, i % features);
      }
    }
  };
  const of = (f: number) => sums[kind === "all" ? 0 : f]!;
  each((value, f) => {
    const own = of(f);
    own.n++;
    own.sum += value;
    own.most = Math.max(own.most, Math.abs(value));
  });
  each((value, f) => {
    const own = of(f);
    const distance = value - own.sum / own.n;
    own.squares += distance * distance;
  });
  const own = sums.map((_, f) => of(f));
  return {
    kind,
    means: own.map(({ n, sum }) => (n === 0 ? 0 : sum / n)),
    deviations: own.map(({ n, squares, most }) => deviationOf(n, squares, most)),
  };
}

/** 1 where nothing changes, so that it is only moved to 0. */
function deviationOf(n: number, squares: number, most: number): number {
  const deviation = n === 0 ? 0 : Math.sqrt(squares / n);
  return deviation > most * CONSTANT ? deviation : 1;
}

/** Deviations from the mean beyond which a number is read as if it were so far away: it would drown all others. */
const FARTHEST = 1e6;

/**
 * The rows that a network reads: (ceil(T / fold), fold · features). Numbers that are missing lie on the line between their
 * neighbours, those at an end are like the next one, and a feature that is missing as a whole is its mean. Where steps do
 * not go into folds, the last one is repeated.
 */
export function rowsOf(values: Float64Array, features: number, scaling: Scaling, fold: number): Float32Array {
  const filled = fill(values, features, scaling.means);
  const { means, deviations } =
    scaling.kind === "sequence" ? fitScaling("features", [filled], features) : scaling;
  const steps = filled.length / features;
  const rows = new Float32Array(Math.ceil(steps / fold) * fold * features);
  for (let i = 0; i < rows.length; i++) {
    const f = i % features;
    const at = Math.min(Math.floor(i / features), steps - 1) * features + f;
    rows[i] = Math.min(Math.max((filled[at]! - means[f]!) / deviations[f]!, -FARTHEST), FARTHEST);
  }
  return rows;
}

function fill(values: Float64Array, features: number, means: readonly number[]): Float64Array {
  if (!values.some(Number.isNaN)) return values;
  const filled = values.slice();
  const steps = values.length / features;
  for (let f = 0; f < features; f++) {
    let before = -1;
    for (let t = 0; t <= steps; t++) {
      if (t < steps && Number.isNaN(values[t * features + f]!)) continue;
      const left = before < 0 ? undefined : values[before * features + f]!;
      const right = t === steps ? undefined : values[t * features + f]!;
      for (let gap = before + 1; gap < t; gap++) {
        const share = (gap - before) / (t - before);
        filled[gap * features + f] =
          left !== undefined && right !== undefined
            ? left + (right - left) * share
            : (left ?? right ?? means[f]!);
      }
      before = t;
    }
  }
  return filled;
}

/** Numbers that are missing. */
export function countMissing(sequences: readonly Float64Array[]): number {
  let missing = 0;
  for (const values of sequences) for (const value of values) if (Number.isNaN(value)) missing++;
  return missing;
}
