/**
 * Dropout on a recurrent layer's input, as structured sparsity. The mask is one per sequence
 * (Keras's rule), so a sample drops the same inputs at every timestep: the kept columns of x are
 * moved together once, and the products that follow are dense and smaller.
 *
 * And the dropout layer, which draws for every element; its mask is drawn again on the way back, not kept.
 */
import { block, DROPOUT_LAYER, RECURRENT_DROPOUT, unit } from "./random";
import { clearPadding } from "./rows";

/** xc (T, ldc) = scale · the columns `keep` (K) of x (T, ldx). Four columns at a time go down all rows. */
export function dropoutForward(
  xc: usize,
  ldc: i32,
  x: usize,
  ldx: i32,
  keep: usize,
  K: i32,
  scale: f32,
  T: i32,
): void {
  const stride = (<usize>ldx) << 2;
  const strideC = (<usize>ldc) << 2;
  let k = 0;
  for (; k + 4 <= K; k += 4) {
    let x0 = x + column(keep, k);
    let x1 = x + column(keep, k + 1);
    let x2 = x + column(keep, k + 2);
    let x3 = x + column(keep, k + 3);
    let to = xc + ((<usize>k) << 2);
    for (let t = 0; t < T; t++) {
      let four = v128.load32_zero(x0);
      four = v128.load_lane<f32>(x1, four, 1);
      four = v128.load_lane<f32>(x2, four, 2);
      four = v128.load_lane<f32>(x3, four, 3);
      v128.store(to, f32x4.mul(four, f32x4.splat(scale)));
      x0 += stride;
      x1 += stride;
      x2 += stride;
      x3 += stride;
      to += strideC;
    }
  }
  for (; k < K; k++) {
    let from = x + column(keep, k);
    let to = xc + ((<usize>k) << 2);
    for (let t = 0; t < T; t++) {
      store<f32>(to, scale * load<f32>(from));
      from += stride;
      to += strideC;
    }
  }
}

/** dx (T, |ldx|) = 0, but scale · dxc (T, ldc) in the columns `keep` (K). A negative ldx goes up. */
export function dropoutBackward(
  dx: usize,
  ldx: i32,
  dxc: usize,
  ldc: i32,
  keep: usize,
  K: i32,
  scale: f32,
  T: i32,
): void {
  const stride = (<usize>ldx) << 2;
  const strideC = (<usize>ldc) << 2;
  // Rows lie side by side, so they are one run; it begins with the last where they go up.
  const lowest = ldx < 0 ? dx + <usize>(T - 1) * stride : dx;
  memory.fill(lowest, 0, <usize>T * ((<usize>abs(ldx)) << 2));
  let k = 0;
  for (; k + 4 <= K; k += 4) {
    let d0 = dx + column(keep, k);
    let d1 = dx + column(keep, k + 1);
    let d2 = dx + column(keep, k + 2);
    let d3 = dx + column(keep, k + 3);
    let from = dxc + ((<usize>k) << 2);
    for (let t = 0; t < T; t++) {
      const four = f32x4.mul(v128.load(from), f32x4.splat(scale));
      v128.store_lane<f32>(d0, four, 0);
      v128.store_lane<f32>(d1, four, 1);
      v128.store_lane<f32>(d2, four, 2);
      v128.store_lane<f32>(d3, four, 3);
      d0 += stride;
      d1 += stride;
      d2 += stride;
      d3 += stride;
      from += strideC;
    }
  }
  for (; k < K; k++) {
    let to = dx + column(keep, k);
    let from = dxc + ((<usize>k) << 2);
    for (let t = 0; t < T; t++) {
      store<f32>(to, scale * load<f32>(from));
      to += stride;
      from += strideC;
    }
  }
}

/** How many bytes into a row the kth kept column is. */
function column(keep: usize, k: i32): usize {
  return (<usize>load<i32>(keep + ((<usize>k) << 2))) << 2;
}

/**
 * Recurrent dropout, for one sample: m (units) = scale where a draw is not below `rate`, else 0. The draws depend on
 * layer, sample, step and epoch, and are no other's.
 */
export function recurrentDropout(
  m: usize,
  units: i32,
  rate: f32,
  scale: f32,
  seed: u32,
  layer: u32,
  sample: u32,
  step: u32,
  epoch: u32,
): void {
  let draws = f32x4.splat(0);
  for (let j: u32 = 0; j < <u32>units; j++) {
    if ((j & 3) == 0) draws = unit(block(seed, RECURRENT_DROPOUT | layer, j >> 2, sample, step, epoch));
    store<f32>(m + ((<usize>j) << 2), f32x4.extract_lane(draws, 0) >= rate ? scale : 0);
    draws = v128.shuffle<f32>(draws, draws, 1, 2, 3, 0);
  }
}

/**
 * The dropout layer, for one sample: y = scale · x where a draw is not below `rate`, else 0. Keras's Dropout,
 * whose scale is 1/(1 - rate). Element (t, j) is number t·width + j of the sample's draws, which depend on
 * layer, sample, step and epoch; the backward pass is the same call on dy.
 * y (rows, ldy) assigned, 0 in padded columns; x (rows, ldx); y may be x where ldy is ldx
 */
export function dropElements(
  y: usize,
  ldy: i32,
  x: usize,
  ldx: i32,
  rows: i32,
  width: i32,
  rate: f32,
  scale: f32,
  seed: u32,
  layer: u32,
  sample: u32,
  step: u32,
  epoch: u32,
): void {
  let draws = f32x4.splat(0);
  for (let t = 0, number: u32 = 0; t < rows; t++) {
    for (let j: usize = 0; j < (<usize>width) << 2; j += 4, number++) {
      if ((number & 3) == 0) {
        draws = unit(block(seed, DROPOUT_LAYER | layer, number >> 2, sample, step, epoch));
      }
      const kept = f32x4.extract_lane(draws, 0) >= rate;
      store<f32>(y + j, kept ? scale * load<f32>(x + j) : 0);
      draws = v128.shuffle<f32>(draws, draws, 1, 2, 3, 0);
    }
    clearPadding(y, width, ldy);
    y += (<usize>ldy) << 2;
    x += (<usize>ldx) << 2;
  }
}
