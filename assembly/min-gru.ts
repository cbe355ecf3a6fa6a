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
import { FAINT, flush, sigmoidRow, store8, TINY } from "./simd";

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
  for (let r = 0; r < R; r++) {
    for (let t = 0; t < T; t++) {
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        memory.fill(z, 0, 2 * row);
        keepState(h, row);
      } else {
        sigmoidRow(z, z, row);
        blendForward(h, z, z + row, row);
      }
      z += 2 * row;
      h += row;
    }
    h += row; // past the last state
  }
}

/** One sequence, one timestep. h (2, H): its second row = (1 - u)·h₋ + u·g, h₋ being the first. */
function blendForward(h: usize, u: usize, g: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  const faint = f32x4.splat(FAINT);
  for (const end = h + row; h < end; h += 32, u += 32, g += 32) {
    const u0 = v128.load(u);
    const u1 = v128.load(u, 16);
    const stays0 = f32x4.mul(f32x4.sub(one, u0), v128.load(h));
    const stays1 = f32x4.mul(f32x4.sub(one, u1), v128.load(h, 16));
    const enters0 = f32x4.mul(u0, v128.load(g));
    const enters1 = f32x4.mul(u1, v128.load(g, 16));
    store8(h + row, flush(f32x4.add(stays0, enters0), faint), flush(f32x4.add(stays1, enters1), faint));
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
  for (let r = 0; r < R; r++) {
    for (let t = T - 1; t >= 0; t--) {
      const output = (<usize>((r * T + t) * H)) << 2;
      const zt = z + 2 * output;
      const before = h + output + <usize>r * row;
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        carryBack(dhState, dh ? dh + output : 0, flow ? flow + output : 0, row);
        continue;
      }
      blendBackward(zt, before, dh ? dh + output : 0, dhState, flow ? flow + output : 0, row);
    }
    dhState += row;
  }
}

/** One sequence, one timestep: z (2H) u | g → dz; dhState is carried one step back. h is the row before. */
function blendBackward(z: usize, h: usize, dh: usize, dhState: usize, flow: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  const tiny = f32x4.splat(TINY);
  for (let j: usize = 0; j < row; j += 32) {
    const zu = z + j;
    const zg = zu + row;
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
    const u0 = v128.load(zu);
    const u1 = v128.load(zu, 16);
    const stays0 = f32x4.sub(one, u0);
    const stays1 = f32x4.sub(one, u1);
    const away0 = f32x4.sub(v128.load(zg), v128.load(hj));
    const away1 = f32x4.sub(v128.load(zg, 16), v128.load(hj, 16));
    // σ' = σ(1 - σ), from the activated value.
    const du0 = f32x4.mul(f32x4.mul(d0, away0), f32x4.mul(u0, stays0));
    const du1 = f32x4.mul(f32x4.mul(d1, away1), f32x4.mul(u1, stays1));
    store8(zu, du0, du1);
    store8(zg, f32x4.mul(d0, u0), f32x4.mul(d1, u1));
    store8(state, f32x4.mul(d0, stays0), f32x4.mul(d1, stays1));
  }
}
