/** Curves of the gradient through time, over several samples. */

/**
 * Training takes carried gradients below this for 0 (2⁻⁵⁸, 3.5e-18), so a curve ends where its
 * samples pass it.
 */
export const SMALLEST_CARRIED = 2 ** -58;

/**
 * The median over the samples at each timestep, null where it is 0: a logarithmic axis has no place
 * for it. The median, because one sample's 0 would make a geometric mean 0, and a few large samples
 * alone make an arithmetic one.
 *
 * @param norms (samples, steps)
 * @param relative divide each sample's row by its last entry first; a row that ends in 0 is left out
 */
export function medianCurve(
  norms: Float32Array,
  samples: number,
  steps: number,
  relative: boolean,
): (number | null)[] {
  const rows: Float32Array[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const row = norms.subarray(sample * steps, (sample + 1) * steps);
    if (!relative || row[steps - 1]! > 0) rows.push(row);
  }
  const column = new Float64Array(rows.length);
  return Array.from({ length: steps }, (_, step) => {
    for (const [r, row] of rows.entries()) column[r] = relative ? row[step]! / row[steps - 1]! : row[step]!;
    return median(column.sort()) || null;
  });
}

function median(sorted: Float64Array): number {
  const half = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The whole powers of ten that hold all curves; a decade around 1 where there is none. */
export function decades(curves: readonly (readonly (number | null)[])[]): [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const curve of curves) {
    for (const value of curve) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (high === 0) return [0.1, 1];
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  return [10 ** from, 10 ** Math.max(to, from + 1)];
}

/** A number as people write it: `0.37`, `12`, `2.3·10⁻⁸`. */
export function scientific(value: number): string {
  if (value === 0) return "0";
  const [digits, exponent] = value.toExponential(1).split("e") as [string, string];
  const power = Number(exponent);
  if (power >= -2 && power <= 3) return String(Number(value.toPrecision(2)));
  return `${Number(digits)}·${powerOfTen(power)}`;
}

/** `10⁻⁸` */
export function powerOfTen(exponent: number): string {
  const raised = { "-": "⁻" } as Record<string, string>;
  return `10${[...String(exponent)].map((sign) => raised[sign] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)]).join("")}`;
}
