/**
 * The recurrence of minLSTM (Feng, Tung, Ahmed, Bengio, Hajimirsadeghi 2024, "Were RNNs all we needed?"), R
 * sequences abreast, and its backpropagation through time. Derived in docs/min-cells.md.
 *
 *   z = W·x + b, cut into f | i | g
 *   f, i = sigmoid of their part
 *   k = f / (f + i)
 *   h = k·h₋ + (1 - k)·g
 *
 * k is the paper's f′, 1 - k its i′, the candidate g its h̃. As in min-gru.ts no part of z depends on the step
 * before. H is padded to PAD; padded units have zero weights, so their gates are ½ and their candidates 0, and
 * h and all gradients stay exactly 0.
 */
import { carryBack, isMasked, keepState } from "./mask";
import { exp, flush, TINY } from "./simd";

/**
 * z   (R, T, 3H) in: W·x + b; out: the gates f | i, activated, and the candidates g as they were
 * k   (R, T, H) assigned: the share of the state that is kept
 * h   (R, T+1, H) row 0 in: the initial state; rows 1 … T assigned
 * mask as in mask.ts; z and k are 0 at masked steps
 */
export function minLstmForward(
  z: usize,
  k: usize,
  h: usize,
  R: i32,
  T: i32,
  H: i32,
  mask: usize,
  maskStep: i32,
  maskSequence: i32,
): void {
  const row = (<usize>H) << 2;
  const one = f32x4.splat(1.0);
  const half = f32x4.splat(0.5);
  for (let r = 0; r < R; r++) {
    for (let t = 0; t < T; t++) {
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        memory.fill(z, 0, 3 * row);
        memory.fill(k, 0, row);
        keepState(h, row);
      } else {
        for (let j: usize = 0; j < row; j += 16) {
          // f = ½ / p and i = ½ / q, so f / (f + i) = q / (p + q): exact to a rounding where f and i are near 0,
          // and finite, as exp ends below 2.3e38.
          const p = f32x4.add(half, f32x4.mul(half, exp(f32x4.neg(v128.load(z + j)))));
          const q = f32x4.add(half, f32x4.mul(half, exp(f32x4.neg(v128.load(z + row + j)))));
          const kept = f32x4.div(q, f32x4.add(p, q));
          v128.store(z + j, f32x4.div(half, p));
          v128.store(z + row + j, f32x4.div(half, q));
          v128.store(k + j, kept);
          const stays = f32x4.mul(kept, v128.load(h + j));
          const enters = f32x4.mul(f32x4.sub(one, kept), v128.load(z + 2 * row + j));
          v128.store(h + row + j, f32x4.add(stays, enters));
        }
      }
      z += 3 * row;
      k += row;
      h += row;
    }
    h += row; // past the last state
  }
}

/**
 * z   (R, T, 3H) in: f | i | g; out: dz, the gradient of the pre-activations
 * k   (R, T, H), h (R, T+1, H) from the forward pass
 * dh  (R, T, H) gradient of the outputs from above, or 0 where only the last output is used
 * dhState (R, H) in: gradient of the state after step T; out: of the initial state
 * flow (R, T, H) assigned: dh, all that reaches the state of each step; or 0 where nobody asks
 * mask as in mask.ts
 */
export function minLstmBackward(
  z: usize,
  k: usize,
  h: usize,
  dh: usize,
  dhState: usize,
  flow: usize,
  R: i32,
  T: i32,
  H: i32,
  mask: usize,
  maskStep: i32,
  maskSequence: i32,
): void {
  const row = (<usize>H) << 2;
  const one = f32x4.splat(1.0);
  const tiny = f32x4.splat(TINY);
  for (let r = 0; r < R; r++) {
    for (let t = T - 1; t >= 0; t--) {
      const output = (<usize>((r * T + t) * H)) << 2;
      const zt = z + 3 * output;
      const before = h + output + <usize>r * row;
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        carryBack(dhState, dh ? dh + output : 0, flow ? flow + output : 0, row);
        continue;
      }
      for (let j: usize = 0; j < row; j += 16) {
        let dhj = v128.load(dhState + j);
        if (dh) dhj = f32x4.add(dhj, v128.load(dh + output + j));
        dhj = flush(dhj, tiny);
        if (flow) v128.store(flow + output + j, dhj);
        const f = v128.load(zt + j);
        const i = v128.load(zt + row + j);
        const g = v128.load(zt + 2 * row + j);
        const kept = v128.load(k + output + j);
        const enters = f32x4.sub(one, kept);
        // ∂k/∂z of f is k(1 - k)(1 - f), of i -k(1 - k)(1 - i): a softmax of two, of ln f and ln i.
        const dk = f32x4.mul(f32x4.mul(dhj, f32x4.sub(v128.load(before + j), g)), f32x4.mul(kept, enters));
        v128.store(zt + j, f32x4.mul(dk, f32x4.sub(one, f)));
        v128.store(zt + row + j, f32x4.mul(dk, f32x4.sub(i, one)));
        v128.store(zt + 2 * row + j, f32x4.mul(dhj, enters));
        v128.store(dhState + j, f32x4.mul(dhj, kept));
      }
    }
    dhState += row;
  }
}
