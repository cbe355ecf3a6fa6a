/**
 * Dropout on a recurrent layer's input, as structured sparsity. The mask is one per sequence
 * (Keras's rule), so a sample drops the same inputs at every timestep: the kept columns of x are
 * moved together once, and the products that follow are dense and smaller.
 */

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
