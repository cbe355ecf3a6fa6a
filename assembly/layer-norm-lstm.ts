/**
 * The recurrence of the LSTM with layer normalization (Ba, Kiros, Hinton 2016, the supplement's equations for the
 * LSTM), R sequences abreast, and its backpropagation through time. Derived in docs/lstm-variants.md.
 *
 *   z = LN(W·x) + LN(U·h₋) + b, cut into i | f | g | o
 *   i, f, o = sigmoid, g = tanh of their part
 *   c = f·c₋ + i·g
 *   h = o·tanh LN(c)
 *
 * Each LN is that of layer-normalization.ts, over all units and gates of a row, with γ and β of its own. LN(W·x)
 * comes ready in z: it depends on no step before. H is padded to PAD; padded units have zero weights, and a
 * normalization gives 0 in padded columns, so c, h and all their gradients stay exactly 0.
 */
import { packRows, product } from "./gemm";
import { center, rowBackward } from "./layer-normalization";
import { cellForward } from "./lstm";
import { allMasked, carryBack, dropState, dropStateBackward, isMasked, keepState } from "./mask";
import { flush, multiplyRow, sigmoidRow, sigmoidSlope, store8, TINY, tanhRow, tanhSlope } from "./simd";
import { stateProduct } from "./state-product";

/**
 * z   (R, T, 4H) in: LN(W·x); out: the activated gates i | f | g | o
 * c, h (R, T+1, H) row 0 in: the initial state; rows 1 … T assigned
 * tc  (R, T, H) assigned: tanh LN(c)
 * v, sv (R, T, 4H), (R, T) assigned: U·h₋ normalized, before γ and β, and 1 over its deviation
 * ch, sc (R, T, H), (R, T) assigned: the same of c
 * gv, bv (4H), gc, bc (H) γ and β of both
 * b   (4H) the bias, or 0 for none
 * u   packed panels of U (H, 4H); units ≤ H of its rows are real
 * e   factors of its rows where it is in int8, as in state-product.ts; else 0
 * a   scratch: R·H floats
 * mask, m as in mask.ts; v is 0 at masked steps, as z is
 * hm  (R, T, H) assigned where there is m: h₋·m of each step
 */
export function layerNormLstmForward(
  z: usize,
  c: usize,
  h: usize,
  tc: usize,
  v: usize,
  sv: usize,
  ch: usize,
  sc: usize,
  gv: usize,
  bv: usize,
  gc: usize,
  bc: usize,
  b: usize,
  u: usize,
  e: usize,
  a: usize,
  R: i32,
  T: i32,
  H: i32,
  units: i32,
  epsilon: f64,
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
    const zt = (<usize>(t * 4 * H)) << 2;
    const st = (<usize>(t * H)) << 2;
    if (!mask || !allMasked(mask, maskStep, maskSequence, t, R)) {
      if (m) {
        dropState(hm + st, T * H, h + st, sSequence, m, R, H);
        stateProduct(v + zt, zSequence, 0, 0, hm + st, T * H, u, e, a, R, 4 * H, units);
      } else stateProduct(v + zt, zSequence, 0, 0, h + st, sSequence, u, e, a, R, 4 * H, units);
    }
    for (let r = 0; r < R; r++) {
      const zr = zt + ((<usize>(r * zSequence)) << 2);
      const sr = st + ((<usize>(r * sSequence)) << 2);
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        memory.fill(z + zr, 0, 4 * row);
        memory.fill(v + zr, 0, 4 * row);
        keepState(c + sr, row);
        keepState(h + sr, row);
        continue;
      }
      const output = st + ((<usize>(r * T * H)) << 2);
      const step = (<usize>(r * T + t)) << 2;
      const inverse = center(v + zr, v + zr, units, 4, epsilon);
      store<f32>(sv + step, inverse);
      gatesForward(z + zr, v + zr, c + sr, inverse, gv, bv, b, row);
      const cell = center(ch + output, c + sr + row, units, 1, epsilon);
      store<f32>(sc + step, cell);
      outputForward(h + sr + row, tc + output, ch + output, z + zr + 3 * row, cell, gc, bc, row);
    }
  }
}

/** One sequence, one timestep: z (4H) activated in place, v (4H) scaled by s; c points at the row before. */
function gatesForward(
  z: usize,
  v: usize,
  c: usize,
  s: f32,
  gamma: usize,
  beta: usize,
  b: usize,
  row: usize,
): void {
  const scale = f32x4.splat(s);
  for (let j: usize = 0; j < 4 * row; j += 32) {
    const vj = v + j;
    const zj = z + j;
    const hat0 = f32x4.mul(v128.load(vj), scale);
    const hat1 = f32x4.mul(v128.load(vj, 16), scale);
    store8(vj, hat0, hat1);
    let sum0 = f32x4.add(f32x4.mul(hat0, v128.load(gamma + j)), v128.load(beta + j));
    let sum1 = f32x4.add(f32x4.mul(hat1, v128.load(gamma + j, 16)), v128.load(beta + j, 16));
    if (b) {
      sum0 = f32x4.add(sum0, v128.load(b + j));
      sum1 = f32x4.add(sum1, v128.load(b + j, 16));
    }
    store8(zj, f32x4.add(v128.load(zj), sum0), f32x4.add(v128.load(zj, 16), sum1));
  }
  const f = z + row;
  const g = f + row;
  const o = g + row;
  sigmoidRow(z, z, 2 * row);
  tanhRow(g, g, row);
  sigmoidRow(o, o, row);
  cellForward(c, z, f, g, row);
}

/** h, tc (H) assigned; ch (H) scaled by s. */
function outputForward(
  h: usize,
  tc: usize,
  ch: usize,
  o: usize,
  s: f32,
  gamma: usize,
  beta: usize,
  row: usize,
): void {
  const scale = f32x4.splat(s);
  for (let j: usize = 0; j < row; j += 32) {
    const hat0 = f32x4.mul(v128.load(ch + j), scale);
    const hat1 = f32x4.mul(v128.load(ch + j, 16), scale);
    store8(ch + j, hat0, hat1);
    const sum0 = f32x4.add(f32x4.mul(hat0, v128.load(gamma + j)), v128.load(beta + j));
    const sum1 = f32x4.add(f32x4.mul(hat1, v128.load(gamma + j, 16)), v128.load(beta + j, 16));
    store8(tc + j, sum0, sum1);
  }
  tanhRow(tc, tc, row);
  multiplyRow(h, o, tc, row);
}

/**
 * z   (R, T, 4H) in: the activated gates; out: dz, the gradient of the pre-activations
 * v   (R, T, 4H) in: U·h₋ normalized; out: the gradient of U·h₋
 * c   (R, T+1, H), tc, ch (R, T, H), sv, sc (R, T) from the forward pass
 * dh  (R, T, H) gradient of the outputs from above, or 0 where only the last output is used
 * dhState, dcState (R, H) in: gradient of the state after step T; out: of the initial state
 * flow (R, T, 2H) assigned: dh | dc, all that reaches the state of each step; or 0 where nobody asks
 * sums (R, 6H) assigned: each sequence's gradient of gv (4H), gc and bc, so that no sum depends on R
 * gv  (4H), gc (H) γ of U·h₋ and of c
 * uT  packed panels of Uᵀ (4H, H)
 * a   scratch: R·4H floats
 * mask, m as in mask.ts
 * dm  scratch where there is m: R·H floats
 *
 * What is left to do: db and the gradient of bv, which are Σ dz; the way back through LN(W·x); and dU += h₋ᵀ·v, or
 * hmᵀ·v where there is m.
 */
export function layerNormLstmBackward(
  z: usize,
  v: usize,
  c: usize,
  tc: usize,
  ch: usize,
  sv: usize,
  sc: usize,
  dh: usize,
  dhState: usize,
  dcState: usize,
  flow: usize,
  sums: usize,
  gv: usize,
  gc: usize,
  uT: usize,
  a: usize,
  R: i32,
  T: i32,
  H: i32,
  units: i32,
  mask: usize,
  maskStep: i32,
  maskSequence: i32,
  m: usize,
  dm: usize,
): void {
  const zSequence = T * 4 * H;
  const row = (<usize>H) << 2;
  const adds = mask != 0 || m != 0;
  memory.fill(sums, 0, <usize>R * 6 * row);
  for (let t = T - 1; t >= 0; t--) {
    const zt = (<usize>(t * 4 * H)) << 2;
    for (let r = 0; r < R; r++) {
      const zr = zt + ((<usize>(r * zSequence)) << 2);
      const output = (<usize>((r * T + t) * H)) << 2;
      const state = <usize>r * row;
      const step = (<usize>(r * T + t)) << 2;
      const sum = sums + 6 * state;
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        carryBack(dhState + state, dh ? dh + output : 0, flow ? flow + 2 * output : 0, row);
        carryBack(dcState + state, 0, flow ? flow + 2 * output + row : 0, row);
        continue;
      }
      // The scratch holds the gradient of LN(c), then of c, until the product takes it.
      outputBackward(
        a,
        z + zr + 3 * row,
        tc + output,
        dh ? dh + output : 0,
        dhState + state,
        flow ? flow + 2 * output : 0,
        row,
      );
      const s = load<f32>(sc + step);
      rowBackward(a, sum + 4 * row, sum + 5 * row, a, ch + output, s, gc, units, 1);
      gatesBackward(
        z + zr,
        c + ((<usize>((r * (T + 1) + t) * H)) << 2),
        a,
        dcState + state,
        flow ? flow + 2 * output + row : 0,
        row,
      );
      rowBackward(v + zr, sum, 0, z + zr, v + zr, load<f32>(sv + step), gv, units, 4);
      // All that reached the state is in v, unless the state went on by itself: then v·Uᵀ is added to it.
      if (adds) memory.fill(dhState + state, 0, row);
    }
    if (mask && allMasked(mask, maskStep, maskSequence, t, R)) continue;
    packRows(a, v + zt, zSequence, R, 4 * H);
    if (m) {
      product(dm, H, 0, 0, 0, a, uT, R, H, 4 * H);
      dropStateBackward(dhState, dm, m, R, H);
    } else product(dhState, H, 0, adds ? dhState : 0, H, a, uT, R, H, 4 * H);
  }
}

/** One sequence, one timestep: dn (H) assigned, the gradient of LN(c); o (H) → do. */
function outputBackward(
  dn: usize,
  o: usize,
  tc: usize,
  dh: usize,
  dhNext: usize,
  flow: usize,
  row: usize,
): void {
  const one = f32x4.splat(1.0);
  const tiny = f32x4.splat(TINY);
  for (let j: usize = 0; j < row; j += 32) {
    const oj = o + j;
    const o0 = v128.load(oj);
    const o1 = v128.load(oj, 16);
    const s0 = v128.load(tc + j);
    const s1 = v128.load(tc + j, 16);
    let d0 = v128.load(dhNext + j);
    let d1 = v128.load(dhNext + j, 16);
    if (dh) {
      d0 = f32x4.add(d0, v128.load(dh + j));
      d1 = f32x4.add(d1, v128.load(dh + j, 16));
    }
    d0 = flush(d0, tiny);
    d1 = flush(d1, tiny);
    if (flow) store8(flow + j, d0, d1);
    const dn0 = f32x4.mul(f32x4.mul(d0, o0), tanhSlope(s0, one));
    const dn1 = f32x4.mul(f32x4.mul(d1, o1), tanhSlope(s1, one));
    store8(dn + j, dn0, dn1);
    const do0 = f32x4.mul(f32x4.mul(d0, s0), sigmoidSlope(o0, one));
    const do1 = f32x4.mul(f32x4.mul(d1, s1), sigmoidSlope(o1, one));
    store8(oj, do0, do1);
  }
}

/** Then: i, f and g of z (4H) → their gradients; dcj (H) comes by h, and dc is carried one step back. */
function gatesBackward(z: usize, c: usize, dcj: usize, dc: usize, flow: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  const tiny = f32x4.splat(TINY);
  for (let j: usize = 0; j < row; j += 32) {
    const zi = z + j;
    const zf = zi + row;
    const zg = zf + row;
    const i0 = v128.load(zi);
    const i1 = v128.load(zi, 16);
    const f0 = v128.load(zf);
    const f1 = v128.load(zf, 16);
    const g0 = v128.load(zg);
    const g1 = v128.load(zg, 16);
    const state = dc + j;
    const d0 = flush(f32x4.add(v128.load(state), v128.load(dcj + j)), tiny);
    const d1 = flush(f32x4.add(v128.load(state, 16), v128.load(dcj + j, 16)), tiny);
    if (flow) store8(flow + j, d0, d1);
    const df0 = f32x4.mul(f32x4.mul(d0, v128.load(c + j)), sigmoidSlope(f0, one));
    const df1 = f32x4.mul(f32x4.mul(d1, v128.load(c + j, 16)), sigmoidSlope(f1, one));
    const di0 = f32x4.mul(f32x4.mul(d0, g0), sigmoidSlope(i0, one));
    const di1 = f32x4.mul(f32x4.mul(d1, g1), sigmoidSlope(i1, one));
    const dg0 = f32x4.mul(f32x4.mul(d0, i0), tanhSlope(g0, one));
    const dg1 = f32x4.mul(f32x4.mul(d1, i1), tanhSlope(g1, one));
    store8(zi, di0, di1);
    store8(zf, df0, df1);
    store8(zg, dg0, dg1);
    store8(state, f32x4.mul(d0, f0), f32x4.mul(d1, f1));
  }
}
