/**
 * Cross-entropy over classes, one loss a row; averages over rows are taken in row order. A row's units are
 * its classes. Sums over them are taken in f64, in an order that depends on their number alone.
 */
import { clip, smoothed } from "./loss";
import { clearPadding, row } from "./rows";
import { log } from "./simd";
import { exponentials, largest } from "./softmax";

function logarithm(x: f32): f32 {
  return f32x4.extract_lane(log(f32x4.splat(x)), 0);
}

/**
 * From logits z, p = softmax z: loss = -Σ t·log p = Σ t·(most - z + log Σ e^(z - most)), most being the row's
 * largest z, which neither overflows nor cancels. Keras's CategoricalCrossentropy(from_logits=True).
 * losses (rows) assigned
 * dz     (rows, ld) assigned: scale · (p·Σt - t); 0 in padded columns; 0 for no gradient
 * z      (rows, ld), targets (rows, units), each drawn to 1 / units by `smoothing`, as Keras's label_smoothing
 */
export function categoricalCrossentropyLogits(
  losses: usize,
  dz: usize,
  z: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  scale: f32,
  smoothing: f32,
): void {
  const bytes = (<usize>units) << 2;
  const part: f32 = 1 / <f32>units;
  for (let m = 0; m < rows; m++) {
    const zm = row(z, m, ld);
    const tm = row(targets, m, units);
    const dm = dz ? row(dz, m, ld) : 0;
    const most = largest(zm, units);
    const sum = <f32>exponentials(dm, zm, units, most);
    const tail = logarithm(sum);
    let loss: f64 = 0;
    let mass: f64 = 0;
    for (let at: usize = 0; at < bytes; at += 4) {
      const t = smoothed(load<f32>(tm + at), smoothing, part);
      loss += <f64>t * (<f64>most - <f64>load<f32>(zm + at) + <f64>tail);
      mass += <f64>t;
    }
    store<f32>(losses + ((<usize>m) << 2), <f32>loss);
    if (!dz) continue;
    for (let at: usize = 0; at < bytes; at += 4) {
      const p = load<f32>(dm + at) / sum;
      store<f32>(dm + at, scale * (p * <f32>mass - smoothed(load<f32>(tm + at), smoothing, part)));
    }
    clearPadding(dm, units, ld);
  }
}

/**
 * The same for one class a row. Keras's SparseCategoricalCrossentropy(from_logits=True).
 * dz      (rows, ld) assigned: scale · (p - 1) for the class, scale · p for the rest
 * targets (rows, 1): the class, a whole number; one outside [0, units) makes a loss of NaN
 */
export function sparseCategoricalCrossentropyLogits(
  losses: usize,
  dz: usize,
  z: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  scale: f32,
): void {
  for (let m = 0; m < rows; m++) {
    const zm = row(z, m, ld);
    const dm = dz ? row(dz, m, ld) : 0;
    const most = largest(zm, units);
    const sum = <f32>exponentials(dm, zm, units, most);
    const place = classAt(targets, m, units);
    const own: f64 = place < 0 ? NaN : <f64>load<f32>(zm + ((<usize>place) << 2));
    store<f32>(losses + ((<usize>m) << 2), <f32>(<f64>most - own + <f64>logarithm(sum)));
    if (!dz) continue;
    for (let at: usize = 0; at < (<usize>units) << 2; at += 16) {
      const p = f32x4.div(v128.load(dm + at), f32x4.splat(sum));
      v128.store(dm + at, f32x4.mul(p, f32x4.splat(scale)));
    }
    if (place >= 0) {
      const at = dm + ((<usize>place) << 2);
      store<f32>(at, load<f32>(at) - scale);
    }
    clearPadding(dm, units, ld);
  }
}

/**
 * From probabilities p, as Keras: q = p / Σp is limited to [ε, 1 - ε], loss = -Σ t·log q, and no gradient
 * passes where q was limited. CategoricalCrossentropy() of what is no softmax: behind one Keras finds the
 * logits, and so should the caller.
 * losses (rows) assigned
 * dp     (rows, ld) assigned: scale · (Σt - t/q) / Σp, t counting as 0 where q was limited; 0 in padded
 *        columns; 0 for no gradient
 * p      (rows, ld), targets (rows, units)
 */
export function categoricalCrossentropyProbabilities(
  losses: usize,
  dp: usize,
  p: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  scale: f32,
  smoothing: f32,
): void {
  const bytes = (<usize>units) << 2;
  const part: f32 = 1 / <f32>units;
  for (let m = 0; m < rows; m++) {
    const pm = row(p, m, ld);
    const tm = row(targets, m, units);
    const dm = row(dp, m, ld);
    let wide: f64 = 0;
    for (let at: usize = 0; at < bytes; at += 4) wide += <f64>load<f32>(pm + at);
    const sum = <f32>wide;
    let loss: f64 = 0;
    let mass: f64 = 0;
    for (let at: usize = 0; at < bytes; at += 4) {
      const raw = load<f32>(pm + at) / sum;
      const q = clip(raw);
      const t = smoothed(load<f32>(tm + at), smoothing, part);
      loss -= <f64>(t * logarithm(q) + 0 * raw); // log lets NaN pass for a number
      if (q == raw) mass += <f64>t;
    }
    store<f32>(losses + ((<usize>m) << 2), <f32>loss);
    if (!dp) continue;
    for (let at: usize = 0; at < bytes; at += 4) {
      const raw = load<f32>(pm + at) / sum;
      const own: f32 = clip(raw) == raw ? smoothed(load<f32>(tm + at), smoothing, part) / raw : 0;
      store<f32>(dm + at, (scale * (<f32>mass - own)) / sum);
    }
    clearPadding(dm, units, ld);
  }
}

/**
 * The same for one class a row, where Keras limits p itself to [ε, 1 - ε] and takes the logarithms for
 * logits: q = limited p, loss = -log(q[class] / Σq). SparseCategoricalCrossentropy() of what is no softmax.
 * dp      (rows, ld) assigned: scale · (1/Σq - 1/q) for the class, scale / Σq for the rest; 0 where p was
 *         limited
 * targets (rows, 1): the class, a whole number; one outside [0, units) makes a loss of NaN
 */
export function sparseCategoricalCrossentropyProbabilities(
  losses: usize,
  dp: usize,
  p: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  scale: f32,
): void {
  for (let m = 0; m < rows; m++) {
    const pm = row(p, m, ld);
    const dm = row(dp, m, ld);
    let wide: f64 = 0;
    for (let j = 0; j < units; j++) {
      const raw = load<f32>(pm + ((<usize>j) << 2));
      wide += <f64>(clip(raw) + 0 * raw); // NaN where p is not finite
    }
    const sum = <f32>wide;
    const place = classAt(targets, m, units);
    const q: f32 = place < 0 ? NaN : clip(load<f32>(pm + ((<usize>place) << 2)));
    // No quotient of numbers is below 1; log would let NaN pass for a number.
    store<f32>(losses + ((<usize>m) << 2), logarithm(sum / q) + 0 * (sum / q));
    if (!dp) continue;
    for (let j = 0; j < units; j++) {
      const at = (<usize>j) << 2;
      const raw = load<f32>(pm + at);
      const own: f32 = j == place ? 1 / q : 0;
      store<f32>(dm + at, clip(raw) == raw ? scale * (1 / sum - own) : 0);
    }
    clearPadding(dm, units, ld);
  }
}

/** The class of row m, or -1 where it is none of the row's. */
function classAt(targets: usize, m: i32, units: i32): i32 {
  const target = load<f32>(targets + ((<usize>m) << 2));
  return target >= 0 && target < <f32>units ? <i32>target : -1;
}
