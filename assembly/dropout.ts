/**
 * Dropout on a recurrent layer's input, as structured sparsity. The mask is one per sequence
 * (Keras's rule), so a sample drops the same inputs at every timestep: the kept columns of x are
 * moved together once, and the products that follow are dense and smaller.
 *
 * And the dropout layer, which draws for every element; its mask is drawn again on the way back, not kept.
 */
import { block, DROPOUT_LAYER, RECURRENT_DROPOUT, unit } from "./random";
import { clearPadding } from "./rows";

/** xc (T, ldc) = scale · the columns `keep` (K) of x (T, ldx). */
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
  for (let t = 0; t < T; t++) {
    for (let k: usize = 0; k < (<usize>K) << 2; k += 4) {
      store<f32>(xc + k, scale * load<f32>(x + ((<usize>load<i32>(keep + k)) << 2)));
    }
    xc += (<usize>ldc) << 2;
    x += (<usize>ldx) << 2;
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
  for (let t = 0; t < T; t++) {
    memory.fill(dx, 0, (<usize>abs(ldx)) << 2);
    for (let k: usize = 0; k < (<usize>K) << 2; k += 4) {
      store<f32>(dx + ((<usize>load<i32>(keep + k)) << 2), scale * load<f32>(dxc + k));
    }
    dxc += (<usize>ldc) << 2;
    dx += (<usize>ldx) << 2;
  }
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
