/**
 * The recurrence of the LSTM with peepholes (Gers and Schmidhuber 2000, "Recurrent nets that time and count"), R
 * sequences abreast, and its backpropagation through time. Derived in docs/lstm-variants.md.
 *
 *   z = W·x + U·h₋ + b, cut into i | f | g | o
 *   i, f = sigmoid (z + p·c₋) of their part, each with a p of its own
 *   g = tanh of its part
 *   c = f·c₋ + i·g
 *   o = sigmoid (z + p·c) of its part, with its p
 *   h = o·tanh c
 *
 * p·c is elementwise: a unit's gates see its own cell alone. W·x + b comes ready in z, as in lstm.ts. H is padded
 * to PAD; padded units have zero weights, so c, h and all their gradients stay exactly 0.
 */
import { packRows, product } from "./gemm";
import { cellForward } from "./lstm";
import { allMasked, carryBack, dropState, dropStateBackward, isMasked, keepState } from "./mask";
import {
  addProductRow,
  flush,
  multiplyRow,
  sigmoidRow,
  sigmoidSlope,
  store8,
  TINY,
  tanhRow,
  tanhSlope,
} from "./simd";
import { stateProduct } from "./state-product";

/**
 * z   (R, T, 4H) in: W·x + b; out: the activated gates i | f | g | o
 * c, h (R, T+1, H) row 0 in: the initial state; rows 1 … T assigned
 * tc  (R, T, H) assigned: tanh c
 * pi, pf, po (H) the peepholes of i, f and o
 * u   packed panels of U (H, 4H); units ≤ H of its rows are real
 * e   factors of its rows where it is in int8, as in state-product.ts; else 0
 * a   scratch: R·H floats
 * mask, m as in mask.ts
 * hm  (R, T, H) assigned where there is m: h₋·m of each step
 */
export function peepholeLstmForward(
  z: usize,
  c: usize,
  h: usize,
  tc: usize,
  pi: usize,
  pf: usize,
  po: usize,
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
): void {
  const zSequence = T * 4 * H;
  const sSequence = (T + 1) * H;
  const row = (<usize>H) << 2;
  for (let t = 0; t < T; t++) {
    const zt = z + ((<usize>(t * 4 * H)) << 2);
    const st = (<usize>(t * H)) << 2;
    if (!mask || !allMasked(mask, maskStep, maskSequence, t, R)) {
      if (m) {
        dropState(hm + st, T * H, h + st, sSequence, m, R, H);
        stateProduct(zt, zSequence, zt, zSequence, hm + st, T * H, u, e, a, R, 4 * H, units);
      } else stateProduct(zt, zSequence, zt, zSequence, h + st, sSequence, u, e, a, R, 4 * H, units);
    }
    for (let r = 0; r < R; r++) {
      const s = st + ((<usize>(r * sSequence)) << 2);
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        memory.fill(zt + ((<usize>(r * zSequence)) << 2), 0, 4 * row);
        keepState(c + s, row);
        keepState(h + s, row);
        continue;
      }
      gatesForward(
        zt + ((<usize>(r * zSequence)) << 2),
        c + s,
        h + s,
        tc + st + ((<usize>(r * T * H)) << 2),
        pi,
        pf,
        po,
        row,
      );
    }
  }
}

/** One sequence, one timestep: z (4H) activated in place; c, h point at the row before. */
function gatesForward(
  z: usize,
  c: usize,
  h: usize,
  tc: usize,
  pi: usize,
  pf: usize,
  po: usize,
  row: usize,
): void {
  const f = z + row;
  const g = f + row;
  const o = g + row;
  const cell = c + row;
  addProductRow(z, pi, c, row);
  addProductRow(f, pf, c, row);
  sigmoidRow(z, z, 2 * row);
  tanhRow(g, g, row);
  cellForward(c, z, f, g, row);
  addProductRow(o, po, cell, row);
  sigmoidRow(o, o, row);
  tanhRow(tc, cell, row);
  multiplyRow(h + row, o, tc, row);
}

/**
 * z   (R, T, 4H) in: the activated gates; out: dz, the gradient of the pre-activations
 * c   (R, T+1, H), tc (R, T, H) from the forward pass
 * dh  (R, T, H) gradient of the outputs from above, or 0 where only the last output is used
 * dhState, dcState (R, H) in: gradient of the state after step T; out: of the initial state
 * flow (R, T, 2H) assigned: dh | dc, all that reaches the state of each step; or 0 where nobody asks
 * dp  (R, 3H) assigned: each sequence's gradient of the peepholes i | f | o, so that no sum depends on R
 * pi, pf, po (H) the peepholes
 * uT  packed panels of Uᵀ (4H, H)
 * a   scratch: R·4H floats
 * mask, m as in mask.ts
 * dm  scratch where there is m: R·H floats
 *
 * What is left to do: dW += xᵀ·dz, db += Σ dz, dx = dz·Wᵀ; dU += h₋ᵀ·dz, or hmᵀ·dz where there is m.
 */
export function peepholeLstmBackward(
  z: usize,
  c: usize,
  tc: usize,
  dh: usize,
  dhState: usize,
  dcState: usize,
  flow: usize,
  dp: usize,
  pi: usize,
  pf: usize,
  po: usize,
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
): void {
  const zSequence = T * 4 * H;
  const row = (<usize>H) << 2;
  const adds = mask != 0 || m != 0;
  memory.fill(dp, 0, <usize>R * 3 * row);
  for (let t = T - 1; t >= 0; t--) {
    const zt = z + ((<usize>(t * 4 * H)) << 2);
    for (let r = 0; r < R; r++) {
      const output = (<usize>((r * T + t) * H)) << 2;
      const state = <usize>r * row;
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        carryBack(dhState + state, dh ? dh + output : 0, flow ? flow + 2 * output : 0, row);
        carryBack(dcState + state, 0, flow ? flow + 2 * output + row : 0, row);
        continue;
      }
      gatesBackward(
        zt + ((<usize>(r * zSequence)) << 2),
        c + ((<usize>((r * (T + 1) + t) * H)) << 2),
        tc + output,
        dh ? dh + output : 0,
        dhState + state,
        dcState + state,
        flow ? flow + 2 * output : 0,
        dp + 3 * state,
        pi,
        pf,
        po,
        row,
      );
      // All that reached the state is in dz, unless the state went on by itself: then dz·Uᵀ is added to it.
      if (adds) memory.fill(dhState + state, 0, row);
    }
    if (mask && allMasked(mask, maskStep, maskSequence, t, R)) continue;
    packRows(a, zt, zSequence, R, 4 * H);
    if (m) {
      product(dm, H, 0, 0, 0, a, uT, R, H, 4 * H);
      dropStateBackward(dhState, dm, m, R, H);
    } else product(dhState, H, 0, adds ? dhState : 0, H, a, uT, R, H, 4 * H);
  }
}

/** One sequence, one timestep: z (4H) gates → dz; dc is carried one step back; dp (3H) is added to. */
function gatesBackward(
  z: usize,
  c: usize,
  tc: usize,
  dh: usize,
  dhNext: usize,
  dc: usize,
  flow: usize,
  dp: usize,
  pi: usize,
  pf: usize,
  po: usize,
  row: usize,
): void {
  const one = f32x4.splat(1.0);
  const tiny = f32x4.splat(TINY);
  for (let j: usize = 0; j < row; j += 32) {
    const zi = z + j;
    const zf = zi + row;
    const zg = zf + row;
    const zo = zg + row;
    const i0 = v128.load(zi);
    const i1 = v128.load(zi, 16);
    const f0 = v128.load(zf);
    const f1 = v128.load(zf, 16);
    const g0 = v128.load(zg);
    const g1 = v128.load(zg, 16);
    const o0 = v128.load(zo);
    const o1 = v128.load(zo, 16);
    const cj = c + j;
    const before0 = v128.load(cj);
    const before1 = v128.load(cj, 16);
    const tcj = tc + j;
    const s0 = v128.load(tcj);
    const s1 = v128.load(tcj, 16);
    const dhj = dhNext + j;
    let dh0 = v128.load(dhj);
    let dh1 = v128.load(dhj, 16);
    if (dh) {
      dh0 = f32x4.add(dh0, v128.load(dh + j));
      dh1 = f32x4.add(dh1, v128.load(dh + j, 16));
    }
    dh0 = flush(dh0, tiny);
    dh1 = flush(dh1, tiny);
    const do0 = f32x4.mul(f32x4.mul(dh0, s0), sigmoidSlope(o0, one));
    const do1 = f32x4.mul(f32x4.mul(dh1, s1), sigmoidSlope(o1, one));
    const dcj = dc + j;
    let dc0 = f32x4.mul(f32x4.mul(dh0, o0), tanhSlope(s0, one));
    let dc1 = f32x4.mul(f32x4.mul(dh1, o1), tanhSlope(s1, one));
    dc0 = f32x4.add(dc0, f32x4.mul(do0, v128.load(po + j)));
    dc1 = f32x4.add(dc1, f32x4.mul(do1, v128.load(po + j, 16)));
    dc0 = flush(f32x4.add(v128.load(dcj), dc0), tiny);
    dc1 = flush(f32x4.add(v128.load(dcj, 16), dc1), tiny);
    if (flow) {
      store8(flow + j, dh0, dh1);
      store8(flow + row + j, dc0, dc1);
    }
    const di0 = f32x4.mul(f32x4.mul(dc0, g0), sigmoidSlope(i0, one));
    const di1 = f32x4.mul(f32x4.mul(dc1, g1), sigmoidSlope(i1, one));
    const df0 = f32x4.mul(f32x4.mul(dc0, before0), sigmoidSlope(f0, one));
    const df1 = f32x4.mul(f32x4.mul(dc1, before1), sigmoidSlope(f1, one));
    const dg0 = f32x4.mul(f32x4.mul(dc0, i0), tanhSlope(g0, one));
    const dg1 = f32x4.mul(f32x4.mul(dc1, i1), tanhSlope(g1, one));
    store8(zi, di0, di1);
    store8(zf, df0, df1);
    store8(zg, dg0, dg1);
    store8(zo, do0, do1);
    const through0 = f32x4.add(f32x4.mul(di0, v128.load(pi + j)), f32x4.mul(df0, v128.load(pf + j)));
    const through1 = f32x4.add(f32x4.mul(di1, v128.load(pi + j, 16)), f32x4.mul(df1, v128.load(pf + j, 16)));
    store8(dcj, f32x4.add(f32x4.mul(dc0, f0), through0), f32x4.add(f32x4.mul(dc1, f1), through1));
  }
  addProductRow(dp, z, c, row);
  addProductRow(dp + row, z + row, c, row);
  addProductRow(dp + 2 * row, z + 3 * row, c + row, row);
}
