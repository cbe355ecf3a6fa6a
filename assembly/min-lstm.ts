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
import { FAINT, flush, sigmoidRow, store8, TINY } from "./simd";

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
  for (let r = 0; r < R; r++) {
    for (let t = 0; t < T; t++) {
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        memory.fill(z, 0, 3 * row);
        memory.fill(k, 0, row);
        keepState(h, row);
      } else {
        sigmoidRow(z, z, 2 * row);
        shareForward(k, h, z, row);
      }
      z += 3 * row;
      k += row;
      h += row;
    }
    h += row; // past the last state
  }
}

/** One sequence, one timestep: k (H) assigned; h (2, H): its second row = k·h₋ + (1 - k)·g, h₋ being the first. */
function shareForward(k: usize, h: usize, z: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  const faint = f32x4.splat(FAINT);
  for (const end = h + row; h < end; h += 32, k += 32, z += 32) {
    const i = z + row;
    const g = i + row;
    const f0 = v128.load(z);
    const f1 = v128.load(z, 16);
    // Neither f nor i is ever 0.
    const k0 = f32x4.div(f0, f32x4.add(f0, v128.load(i)));
    const k1 = f32x4.div(f1, f32x4.add(f1, v128.load(i, 16)));
    store8(k, k0, k1);
    const stays0 = f32x4.mul(k0, v128.load(h));
    const stays1 = f32x4.mul(k1, v128.load(h, 16));
    const enters0 = f32x4.mul(f32x4.sub(one, k0), v128.load(g));
    const enters1 = f32x4.mul(f32x4.sub(one, k1), v128.load(g, 16));
    store8(h + row, flush(f32x4.add(stays0, enters0), faint), flush(f32x4.add(stays1, enters1), faint));
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
  for (let r = 0; r < R; r++) {
    for (let t = T - 1; t >= 0; t--) {
      const output = (<usize>((r * T + t) * H)) << 2;
      const zt = z + 3 * output;
      const before = h + output + <usize>r * row;
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        carryBack(dhState, dh ? dh + output : 0, flow ? flow + output : 0, row);
        continue;
      }
      shareBackward(zt, k + output, before, dh ? dh + output : 0, dhState, flow ? flow + output : 0, row);
    }
    dhState += row;
  }
}

/** One sequence, one timestep: z (3H) f | i | g → dz; dhState is carried one step back. h is the row before. */
function shareBackward(
  z: usize,
  k: usize,
  h: usize,
  dh: usize,
  dhState: usize,
  flow: usize,
  row: usize,
): void {
  const one = f32x4.splat(1.0);
  const tiny = f32x4.splat(TINY);
  for (let j: usize = 0; j < row; j += 32) {
    const zf = z + j;
    const zi = zf + row;
    const zg = zi + row;
    const kj = k + j;
    const hj = h + j;
    const state = dhState + j;
    let d0 = v128.load(state);
    let d1 = v128.load(state, 16);
    if (dh) {
      d0 = f32x4.add(d0, v128.load(dh + j));
      d1 = f32x4.add(d1, v128.load(dh + j, 16));
    }
    d0 = flush(d0, tiny);
    d1 = flush(d1, tiny);
    if (flow) store8(flow + j, d0, d1);
    const k0 = v128.load(kj);
    const k1 = v128.load(kj, 16);
    const enters0 = f32x4.sub(one, k0);
    const enters1 = f32x4.sub(one, k1);
    const away0 = f32x4.sub(v128.load(hj), v128.load(zg));
    const away1 = f32x4.sub(v128.load(hj, 16), v128.load(zg, 16));
    // ∂k/∂z of f is k(1 - k)(1 - f), of i -k(1 - k)(1 - i): a softmax of two, of ln f and ln i.
    const dk0 = f32x4.mul(f32x4.mul(d0, away0), f32x4.mul(k0, enters0));
    const dk1 = f32x4.mul(f32x4.mul(d1, away1), f32x4.mul(k1, enters1));
    const df0 = f32x4.mul(dk0, f32x4.sub(one, v128.load(zf)));
    const df1 = f32x4.mul(dk1, f32x4.sub(one, v128.load(zf, 16)));
    store8(zf, df0, df1);
    const di0 = f32x4.mul(dk0, f32x4.sub(v128.load(zi), one));
    const di1 = f32x4.mul(dk1, f32x4.sub(v128.load(zi, 16), one));
    store8(zi, di0, di1);
    store8(zg, f32x4.mul(d0, enters0), f32x4.mul(d1, enters1));
    store8(state, f32x4.mul(d0, k0), f32x4.mul(d1, k1));
  }
}
