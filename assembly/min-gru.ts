/**
 * The recurrence of minGRU (Feng, Tung, Ahmed, Bengio, Hajimirsadeghi 2024, "Were RNNs all we needed?"), R
 * sequences abreast, and its backpropagation through time. Derived in docs/min-cells.md.
 *
 *   z = W·x + b, cut into u | g
 *   u = sigmoid of its part
 *   h = (1 - u)·h₋ + u·g
 *
 * The gate u is the paper's z, the candidate g its h̃. No part of z depends on the step before, so all that is
 * left of the recurrence is a blend of two numbers, unit by unit. H is padded to PAD; padded units have zero
 * weights, so their gates are sigmoid 0 = ½ and their candidates 0, and h and all gradients stay exactly 0.
 */
import { carryBack, isMasked, keepState } from "./mask";
import { flush, sigmoid, TINY } from "./simd";

/**
 * z   (R, T, 2H) in: W·x + b; out: the gates u, activated, and the candidates g as they were
 * h   (R, T+1, H) row 0 in: the initial state; rows 1 … T assigned
 * mask as in mask.ts; z is 0 at masked steps
 */
export function minGruForward(
  z: usize,
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
  for (let r = 0; r < R; r++) {
    for (let t = 0; t < T; t++) {
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        memory.fill(z, 0, 2 * row);
        keepState(h, row);
      } else {
        for (let j: usize = 0; j < row; j += 16) {
          const u = sigmoid(v128.load(z + j));
          v128.store(z + j, u);
          const stays = f32x4.mul(f32x4.sub(one, u), v128.load(h + j));
          v128.store(h + row + j, f32x4.add(stays, f32x4.mul(u, v128.load(z + row + j))));
        }
      }
      z += 2 * row;
      h += row;
    }
    h += row; // past the last state
  }
}

/**
 * z   (R, T, 2H) in: u | g; out: dz, the gradient of the pre-activations
 * h   (R, T+1, H) from the forward pass
 * dh  (R, T, H) gradient of the outputs from above, or 0 where only the last output is used
 * dhState (R, H) in: gradient of the state after step T; out: of the initial state
 * flow (R, T, H) assigned: dh, all that reaches the state of each step; or 0 where nobody asks
 * mask as in mask.ts
 */
export function minGruBackward(
  z: usize,
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
      const zt = z + 2 * output;
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
        const u = v128.load(zt + j);
        const g = v128.load(zt + row + j);
        const stays = f32x4.sub(one, u);
        // σ' = σ(1 - σ), from the activated value.
        const du = f32x4.mul(f32x4.mul(dhj, f32x4.sub(g, v128.load(before + j))), f32x4.mul(u, stays));
        v128.store(zt + j, du);
        v128.store(zt + row + j, f32x4.mul(dhj, u));
        v128.store(dhState + j, f32x4.mul(dhj, stays));
      }
    }
    dhState += row;
  }
}
