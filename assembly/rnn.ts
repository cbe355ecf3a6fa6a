/**
 * The recurrence of the simple RNN (Elman 1990), R sequences abreast, and its backpropagation
 * through time:
 *
 *   h = tanh(W·x + U·h₋ + b)
 *
 * W·x + b comes ready in z, as in lstm.ts.
 */
import { packRows, product } from "./gemm";
import { allMasked, carryBack, dropState, dropStateBackward, isMasked, keepState } from "./mask";
import { flush, flushRow, store8, TINY, tanhRow, tanhSlope } from "./simd";
import { stateProduct } from "./state-product";
import { zoneAt, zoneBackward, zoneCarry, zoneState } from "./zoneout";

/**
 * z   (R, T, H) in: W·x + b; out: overwritten, where there is a zone by tanh of it
 * h   (R, T+1, H) row 0 in: the initial state; rows 1 … T assigned
 * u   packed panels of U (H, H); units ≤ H of its rows are real
 * e   factors of its rows where it is in int8, as in state-product.ts; else 0
 * a   scratch: R·H floats
 * mask, m as in mask.ts
 * hm  (R, T, H) assigned where there is m: h₋·m of each step
 * zone as in zoneout.ts
 */
export function rnnForward(
  z: usize,
  h: usize,
  u: usize,
  e: usize,
  a: usize,
  R: i32,
  T: i32,
  H: i32,
  units: i32,
  mask: usize,
  maskStep: i32,
  maskSequence: i32,
  m: usize,
  hm: usize,
  zone: usize,
  zoneStep: i32,
  zoneSequence: i32,
): void {
  const zSequence = T * H;
  const hSequence = (T + 1) * H;
  const row = (<usize>H) << 2;
  for (let t = 0; t < T; t++) {
    const st = (<usize>(t * H)) << 2;
    if (!mask || !allMasked(mask, maskStep, maskSequence, t, R)) {
      if (m) {
        dropState(hm + st, T * H, h + st, hSequence, m, R, H);
        stateProduct(z + st, zSequence, z + st, zSequence, hm + st, T * H, u, e, a, R, H, units);
      } else stateProduct(z + st, zSequence, z + st, zSequence, h + st, hSequence, u, e, a, R, H, units);
    }
    for (let r = 0; r < R; r++) {
      const zr = z + st + ((<usize>(r * zSequence)) << 2);
      const hr = h + st + ((<usize>(r * hSequence)) << 2) + row;
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        memory.fill(zr, 0, row);
        keepState(hr - row, row);
        continue;
      }
      tanhRow(hr, zr, row);
      flushRow(hr, row);
      if (zone) {
        memory.copy(zr, hr, row);
        zoneState(hr - row, zoneAt(zone, zoneStep, zoneSequence, t, r), row);
      }
    }
  }
}

/**
 * dz  (R, T, H) z as the forward pass left it; out: the gradient of the pre-activations; at masked steps what the forward pass left, 0
 * h   (R, T+1, H) from the forward pass
 * dh  (R, T, H) gradient of the outputs from above, or 0 where only the last output is used
 * dhState (R, H) in: gradient of the state after step T; out: of the initial state
 * flow (R, T, H) assigned: dh, all that reaches the state of each step; or 0 where nobody asks
 * uT  packed panels of Uᵀ (H, H)
 * a   scratch: R·H floats
 * mask, m as in mask.ts
 * dm  scratch where there is m: R·H floats
 * zone as in zoneout.ts
 */
export function rnnBackward(
  dz: usize,
  h: usize,
  dh: usize,
  dhState: usize,
  flow: usize,
  uT: usize,
  a: usize,
  R: i32,
  T: i32,
  H: i32,
  mask: usize,
  maskStep: i32,
  maskSequence: i32,
  m: usize,
  dm: usize,
  zone: usize,
  zoneStep: i32,
  zoneSequence: i32,
): void {
  const adds = mask != 0 || m != 0 || zone != 0;
  const row = (<usize>H) << 2;
  for (let t = T - 1; t >= 0; t--) {
    for (let r = 0; r < R; r++) {
      const output = (<usize>((r * T + t) * H)) << 2;
      const ht = h + ((<usize>((r * (T + 1) + t + 1) * H)) << 2);
      const state = dhState + ((<usize>(r * H)) << 2);
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        carryBack(state, dh ? dh + output : 0, flow ? flow + output : 0, row);
        continue;
      }
      const k = zone ? zoneAt(zone, zoneStep, zoneSequence, t, r) : 0;
      // Nothing is packed in `a` yet: it holds what reached h.
      if (k) zoneBackward(state, dh ? dh + output : 0, a, k, row);
      const above = dh && !k ? dh + output : 0;
      const given = k ? dz + output : ht; // what the cell gave
      squashBackward(dz + output, given, above, state, flow ? flow + output : 0, row);
      if (adds) memory.fill(state, 0, row); // as in lstm.ts
      if (k) zoneCarry(state, a, flow ? flow + output : 0, k, row);
    }
    if (mask && allMasked(mask, maskStep, maskSequence, t, R)) continue;
    packRows(a, dz + ((<usize>(t * H)) << 2), T * H, R, H);
    if (m) {
      product(dm, H, 0, 0, 0, a, uT, R, H, H);
      dropStateBackward(dhState, dm, m, R, H);
    } else product(dhState, H, 0, adds ? dhState : 0, H, a, uT, R, H, H);
  }
}

/** One sequence, one timestep: dz (H) assigned; y (H) is what the cell gave. */
function squashBackward(dz: usize, y: usize, dh: usize, dhState: usize, flow: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  const tiny = f32x4.splat(TINY);
  for (let j: usize = 0; j < row; j += 32) {
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
    const yj = y + j;
    const dz0 = f32x4.mul(d0, tanhSlope(v128.load(yj), one));
    const dz1 = f32x4.mul(d1, tanhSlope(v128.load(yj, 16), one));
    store8(dz + j, dz0, dz1);
  }
}
