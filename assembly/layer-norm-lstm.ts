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
import { allMasked, carryBack, dropState, dropStateBackward, isMasked, keepState } from "./mask";
import { flush, sigmoid, TINY, tanh } from "./simd";
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
  for (let j: usize = 0; j < 4 * row; j += 16) {
    const hat = f32x4.mul(v128.load(v + j), f32x4.splat(s));
    v128.store(v + j, hat);
    let sum = f32x4.add(f32x4.mul(hat, v128.load(gamma + j)), v128.load(beta + j));
    if (b) sum = f32x4.add(sum, v128.load(b + j));
    v128.store(z + j, f32x4.add(v128.load(z + j), sum));
  }
  for (let j: usize = 0; j < row; j += 16) {
    const i = sigmoid(v128.load(z + j));
    const f = sigmoid(v128.load(z + row + j));
    const g = tanh(v128.load(z + 2 * row + j));
    v128.store(z + j, i);
    v128.store(z + row + j, f);
    v128.store(z + 2 * row + j, g);
    v128.store(z + 3 * row + j, sigmoid(v128.load(z + 3 * row + j)));
    v128.store(c + row + j, f32x4.add(f32x4.mul(f, v128.load(c + j)), f32x4.mul(i, g)));
  }
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
  for (let j: usize = 0; j < row; j += 16) {
    const hat = f32x4.mul(v128.load(ch + j), f32x4.splat(s));
    const squashed = tanh(f32x4.add(f32x4.mul(hat, v128.load(gamma + j)), v128.load(beta + j)));
    v128.store(ch + j, hat);
    v128.store(tc + j, squashed);
    v128.store(h + j, f32x4.mul(v128.load(o + j), squashed));
  }
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
  for (let j: usize = 0; j < row; j += 16) {
    const oj = v128.load(o + j);
    const squashed = v128.load(tc + j);
    let dhj = v128.load(dhNext + j);
    if (dh) dhj = f32x4.add(dhj, v128.load(dh + j));
    dhj = flush(dhj, tiny);
    if (flow) v128.store(flow + j, dhj);
    // σ' = σ(1 - σ) and tanh' = 1 - tanh², both from the activated value.
    const slope = f32x4.sub(one, f32x4.mul(squashed, squashed));
    v128.store(dn + j, f32x4.mul(f32x4.mul(dhj, oj), slope));
    v128.store(o + j, f32x4.mul(f32x4.mul(dhj, squashed), f32x4.mul(oj, f32x4.sub(one, oj))));
  }
}

/** Then: i, f and g of z (4H) → their gradients; dcj (H) comes by h, and dc is carried one step back. */
function gatesBackward(z: usize, c: usize, dcj: usize, dc: usize, flow: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  const tiny = f32x4.splat(TINY);
  for (let j: usize = 0; j < row; j += 16) {
    const i = v128.load(z + j);
    const f = v128.load(z + row + j);
    const g = v128.load(z + 2 * row + j);
    const d = flush(f32x4.add(v128.load(dc + j), v128.load(dcj + j)), tiny);
    if (flow) v128.store(flow + j, d);
    v128.store(z + j, f32x4.mul(f32x4.mul(d, g), f32x4.mul(i, f32x4.sub(one, i))));
    v128.store(z + row + j, f32x4.mul(f32x4.mul(d, v128.load(c + j)), f32x4.mul(f, f32x4.sub(one, f))));
    v128.store(z + 2 * row + j, f32x4.mul(f32x4.mul(d, i), f32x4.sub(one, f32x4.mul(g, g))));
    v128.store(dc + j, f32x4.mul(d, f));
  }
}
