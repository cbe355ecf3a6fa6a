/**
 * The recurrence of the GRU (Cho et al. 2014), R sequences abreast, and its backpropagation through
 * time. Derived in docs/gru.md.
 *
 *   z = W·x + b        v = U·h₋ + b′, both cut into u | r | g
 *   u, r = sigmoid (z + v) of their part
 *   g = tanh (z + r·v)
 *   h = u·h₋ + (1 - u)·g
 *
 * The update gate u is Keras's z, the candidate g its hh; Keras's order of blocks. Here the reset gate
 * acts after the product with U (Keras's resetAfter: true). Where it acts before (gruBefore…), there is
 * no b′ and the candidate takes a product of its own:
 *
 *   g = tanh (z + U·(r·h₋))
 *
 * W·x + b comes ready in z, as in lstm.ts. H is padded to PAD; padded units have zero weights. Their
 * gates are sigmoid 0 = ½ and their candidates 0, so h = ½·0 + ½·0 and all their gradients stay exactly 0.
 */
import { packRows, product } from "./gemm";
import { allMasked, carryBack, dropState, dropStateBackward, isMasked, keepState } from "./mask";
import {
  addProductRow,
  FAINT,
  flush,
  multiplyRow,
  sigmoidRow,
  sigmoidSlope,
  store8,
  TINY,
  tanhRow,
  tanhSlope,
} from "./simd";
import { panelsFrom, stateProduct } from "./state-product";
import { zoneAt, zoneBackward, zoneCarry, zoneState } from "./zoneout";

/**
 * z   (R, T, 3H) in: W·x + b; out: the activated gates and candidates u | r | g
 * v   (R, T, 3H) assigned: U·h₋ + b′
 * h   (R, T+1, H) row 0 in: the initial state; rows 1 … T assigned
 * b   (3H) the recurrent bias b′, or 0 for none
 * U   packed panels of U (H, 3H); units ≤ H of its rows are real
 * e   factors of its rows where it is in int8, as in state-product.ts; else 0
 * a   scratch: R·H floats
 * mask, m as in mask.ts; v is 0 at masked steps, as z is
 * hm  (R, T, H) assigned where there is m: h₋·m of each step
 * zone as in zoneout.ts
 */
export function gruForward(
  z: usize,
  v: usize,
  h: usize,
  b: usize,
  U: usize,
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
  const zSequence = T * 3 * H;
  const hSequence = (T + 1) * H;
  const row = (<usize>H) << 2;
  for (let t = 0; t < T; t++) {
    const zt = (<usize>(t * 3 * H)) << 2;
    const ht = h + ((<usize>(t * H)) << 2);
    if (!mask || !allMasked(mask, maskStep, maskSequence, t, R)) {
      if (m) {
        const hmt = hm + ((<usize>(t * H)) << 2);
        dropState(hmt, T * H, ht, hSequence, m, R, H);
        stateProduct(v + zt, zSequence, b, 0, hmt, T * H, U, e, a, R, 3 * H, units);
      } else stateProduct(v + zt, zSequence, b, 0, ht, hSequence, U, e, a, R, 3 * H, units);
    }
    for (let r = 0; r < R; r++) {
      const zr = zt + ((<usize>(r * zSequence)) << 2);
      const hr = ht + ((<usize>(r * hSequence)) << 2);
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        memory.fill(z + zr, 0, 3 * row);
        memory.fill(v + zr, 0, 3 * row);
        keepState(hr, row);
        continue;
      }
      gatesForward(z + zr, v + zr, hr, row);
      if (zone) zoneState(hr, zoneAt(zone, zoneStep, zoneSequence, t, r), row);
    }
  }
}

/** One sequence, one timestep: z (3H) activated in place; h points at the row before. */
function gatesForward(z: usize, v: usize, h: usize, row: usize): void {
  const r = z + row;
  const g = r + row;
  addRow(z, v, 2 * row);
  sigmoidRow(z, z, 2 * row);
  addProductRow(g, r, v + 2 * row, row);
  tanhRow(g, g, row);
  blendForward(h, z, g, row);
}

/** y += x, so many bytes, a multiple of 32. */
function addRow(y: usize, x: usize, bytes: usize): void {
  for (const end = y + bytes; y < end; y += 32, x += 32) {
    const y0 = f32x4.add(v128.load(y), v128.load(x));
    const y1 = f32x4.add(v128.load(y, 16), v128.load(x, 16));
    store8(y, y0, y1);
  }
}

/** h (2, H): its second row = u·h₋ + (1 - u)·g, h₋ being the first. */
function blendForward(h: usize, u: usize, g: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  const faint = f32x4.splat(FAINT);
  for (const end = h + row; h < end; h += 32, u += 32, g += 32) {
    const u0 = v128.load(u);
    const u1 = v128.load(u, 16);
    const kept0 = f32x4.mul(u0, v128.load(h));
    const kept1 = f32x4.mul(u1, v128.load(h, 16));
    const new0 = f32x4.mul(f32x4.sub(one, u0), v128.load(g));
    const new1 = f32x4.mul(f32x4.sub(one, u1), v128.load(g, 16));
    store8(h + row, flush(f32x4.add(kept0, new0), faint), flush(f32x4.add(kept1, new1), faint));
  }
}

/**
 * z   (R, T, 3H) in: u | r | g; out: dz, the gradient of the pre-activations W·x + b
 * v   (R, T, 3H) from the forward pass; out: dv, the gradient of U·h₋ + b′. It is dz but for the
 *     candidate's part, which is r times that of dz
 * h   (R, T+1, H) from the forward pass
 * dh  (R, T, H) gradient of the outputs from above, or 0 where only the last output is used
 * dhState (R, H) in: gradient of the state after step T; out: of the initial state
 * flow (R, T, H) assigned: dh, all that reaches the state of each step; or 0 where nobody asks
 * UT  packed panels of Uᵀ (3H, H)
 * a   scratch: R·3H floats
 * mask, m as in mask.ts
 * dm  scratch where there is m: R·H floats
 * zone as in zoneout.ts
 *
 * What is left to do: dW += xᵀ·dz, db += Σ dz, dx = dz·Wᵀ; dU += h₋ᵀ·dv, or hmᵀ·dv where there is m, db′ += Σ dv.
 */
export function gruBackward(
  z: usize,
  v: usize,
  h: usize,
  dh: usize,
  dhState: usize,
  flow: usize,
  UT: usize,
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
  const zSequence = T * 3 * H;
  const row = (<usize>H) << 2;
  for (let t = T - 1; t >= 0; t--) {
    const zt = (<usize>(t * 3 * H)) << 2;
    for (let r = 0; r < R; r++) {
      const output = (<usize>((r * T + t) * H)) << 2;
      const zr = zt + ((<usize>(r * zSequence)) << 2);
      const state = dhState + ((<usize>(r * H)) << 2);
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        carryBack(state, dh ? dh + output : 0, flow ? flow + output : 0, row);
        continue;
      }
      const k = zone ? zoneAt(zone, zoneStep, zoneSequence, t, r) : 0;
      // Nothing is packed in `a` yet: it holds what reached h.
      if (k) zoneBackward(state, dh ? dh + output : 0, a, k, row);
      blendBackward(
        z + zr,
        h + ((<usize>((r * (T + 1) + t) * H)) << 2),
        dh && !k ? dh + output : 0,
        state,
        flow ? flow + output : 0,
        row,
      );
      if (k) zoneCarry(state, a, flow ? flow + output : 0, k, row);
      resetBackward(z + zr, v + zr, row);
    }
    if (mask && allMasked(mask, maskStep, maskSequence, t, R)) continue;
    packRows(a, v + zt, zSequence, R, 3 * H);
    if (m) {
      product(dm, H, 0, 0, 0, a, UT, R, H, 3 * H);
      dropStateBackward(dhState, dm, m, R, H);
    } else product(dhState, H, 0, dhState, H, a, UT, R, H, 3 * H);
  }
}

/**
 * One sequence, one timestep: u and g of z (3H) → du and dg; dhState → u·dh, what reaches the state
 * before without passing U. h points at the row before.
 */
function blendBackward(z: usize, h: usize, dh: usize, dhState: usize, flow: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  const tiny = f32x4.splat(TINY);
  for (let j: usize = 0; j < row; j += 32) {
    const zu = z + j;
    const zg = zu + 2 * row;
    const hj = h + j;
    const state = dhState + j;
    const u0 = v128.load(zu);
    const u1 = v128.load(zu, 16);
    const g0 = v128.load(zg);
    const g1 = v128.load(zg, 16);
    let d0 = v128.load(state);
    let d1 = v128.load(state, 16);
    if (dh) {
      d0 = f32x4.add(d0, v128.load(dh + j));
      d1 = f32x4.add(d1, v128.load(dh + j, 16));
    }
    d0 = flush(d0, tiny);
    d1 = flush(d1, tiny);
    if (flow) store8(flow + j, d0, d1);
    const kept0 = f32x4.sub(one, u0);
    const kept1 = f32x4.sub(one, u1);
    const du0 = f32x4.mul(f32x4.mul(d0, f32x4.sub(v128.load(hj), g0)), f32x4.mul(u0, kept0));
    const du1 = f32x4.mul(f32x4.mul(d1, f32x4.sub(v128.load(hj, 16), g1)), f32x4.mul(u1, kept1));
    store8(zu, du0, du1);
    const dg0 = f32x4.mul(f32x4.mul(d0, kept0), tanhSlope(g0, one));
    const dg1 = f32x4.mul(f32x4.mul(d1, kept1), tanhSlope(g1, one));
    store8(zg, dg0, dg1);
    store8(state, f32x4.mul(d0, u0), f32x4.mul(d1, u1));
  }
}

/** One sequence, one timestep, after blendBackward: r of z (3H) → dr; v (3H) → dv. */
function resetBackward(z: usize, v: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  memory.copy(v, z, row);
  for (let j: usize = 0; j < row; j += 32) {
    const zr = z + row + j;
    const zg = zr + row;
    const vr = v + row + j;
    const vg = vr + row;
    const r0 = v128.load(zr);
    const r1 = v128.load(zr, 16);
    const dg0 = v128.load(zg);
    const dg1 = v128.load(zg, 16);
    const dr0 = f32x4.mul(f32x4.mul(dg0, v128.load(vg)), sigmoidSlope(r0, one));
    const dr1 = f32x4.mul(f32x4.mul(dg1, v128.load(vg, 16)), sigmoidSlope(r1, one));
    store8(zr, dr0, dr1);
    store8(vr, dr0, dr1);
    store8(vg, f32x4.mul(dg0, r0), f32x4.mul(dg1, r1));
  }
}

/**
 * z   (R, T, 3H) in: W·x + b; out: the activated gates and candidates u | r | g
 * h   (R, T+1, H) row 0 in: the initial state; rows 1 … T assigned
 * rh  (R, T, H) assigned: r·h₋, or r·hm where there is m
 * U   packed panels of U (H, 3H); units ≤ H of its rows are real
 * e   factors of its rows where it is in int8, as in state-product.ts; else 0
 * a   scratch: R·H floats
 * mask, m as in mask.ts; rh is 0 at masked steps
 * hm  (R, T, H) assigned where there is m: h₋·m of each step
 * zone as in zoneout.ts
 */
export function gruBeforeForward(
  z: usize,
  h: usize,
  rh: usize,
  U: usize,
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
  const zSequence = T * 3 * H;
  const hSequence = (T + 1) * H;
  const row = (<usize>H) << 2;
  // What U is multiplied with.
  const before = m ? hm : h;
  const sequence = m ? T * H : hSequence;
  // Panels lie one behind the other, so those of the candidate's columns are the last H / 8.
  const candidates = panelsFrom(U, e, 2 * H, units);
  for (let t = 0; t < T; t++) {
    const zt = z + ((<usize>(t * 3 * H)) << 2);
    const ht = h + ((<usize>(t * H)) << 2);
    const rht = rh + ((<usize>(t * H)) << 2);
    if (mask && allMasked(mask, maskStep, maskSequence, t, R)) {
      for (let r = 0; r < R; r++) {
        memory.fill(zt + ((<usize>(r * zSequence)) << 2), 0, 3 * row);
        memory.fill(rht + ((<usize>(r * T * H)) << 2), 0, row);
        keepState(ht + ((<usize>(r * hSequence)) << 2), row);
      }
      continue;
    }
    const bt = before + ((<usize>(t * H)) << 2);
    if (m) dropState(bt, sequence, ht, hSequence, m, R, H);
    stateProduct(zt, zSequence, zt, zSequence, bt, sequence, U, e, a, R, 2 * H, units);
    for (let r = 0; r < R; r++) {
      const zr = zt + ((<usize>(r * zSequence)) << 2);
      const hr = bt + ((<usize>(r * sequence)) << 2);
      const rhr = rht + ((<usize>(r * T * H)) << 2);
      sigmoidRow(zr, zr, 2 * row);
      multiplyRow(rhr, zr + row, hr, row);
    }
    const candidate = zt + 2 * row;
    stateProduct(candidate, zSequence, candidate, zSequence, rht, T * H, candidates, e, a, R, H, units);
    for (let r = 0; r < R; r++) {
      const zr = zt + ((<usize>(r * zSequence)) << 2);
      const hr = ht + ((<usize>(r * hSequence)) << 2);
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        memory.fill(zr, 0, 3 * row);
        memory.fill(rht + ((<usize>(r * T * H)) << 2), 0, row);
        keepState(hr, row);
        continue;
      }
      tanhRow(zr + 2 * row, zr + 2 * row, row);
      blendForward(hr, zr, zr + 2 * row, row);
      if (zone) zoneState(hr, zoneAt(zone, zoneStep, zoneSequence, t, r), row);
    }
  }
}

/**
 * z   (R, T, 3H) in: u | r | g; out: dz, the gradient of the pre-activations
 * h   (R, T+1, H) from the forward pass
 * dh, dhState, flow as in gruBackward
 * UT  two runs of packed panels, one behind the other: of Uᵀ's rows for u | r (2H, H), then of those
 *     for g (H, H)
 * a   scratch: R·3H floats
 * mask, m, hm as in gruBeforeForward
 * dm  scratch where there is m: R·H floats
 * zone as in zoneout.ts
 *
 * What is left to do: dW += xᵀ·dz, db += Σ dz, dx = dz·Wᵀ; dU's columns for u | r += h₋ᵀ·(du | dr), or
 * hmᵀ·(du | dr) where there is m, and those for g += rhᵀ·dg.
 */
export function gruBeforeBackward(
  z: usize,
  h: usize,
  dh: usize,
  dhState: usize,
  flow: usize,
  UT: usize,
  a: usize,
  R: i32,
  T: i32,
  H: i32,
  mask: usize,
  maskStep: i32,
  maskSequence: i32,
  m: usize,
  hm: usize,
  dm: usize,
  zone: usize,
  zoneStep: i32,
  zoneSequence: i32,
): void {
  const zSequence = T * 3 * H;
  const row = (<usize>H) << 2;
  // What U was multiplied with, and where its gradient goes.
  const before = m ? hm : h;
  const sequence = m ? T * H : (T + 1) * H;
  const dBefore = m ? dm : dhState;
  const candidates = UT + ((<usize>(2 * H * H)) << 2);
  const drh = a + ((<usize>(R * 2 * H)) << 2); // (R, H): the gradient of r·h₋
  for (let t = T - 1; t >= 0; t--) {
    const zt = z + ((<usize>(t * 3 * H)) << 2);
    const ht = h + ((<usize>(t * H)) << 2);
    for (let r = 0; r < R; r++) {
      const output = (<usize>((r * T + t) * H)) << 2;
      const state = dhState + ((<usize>(r * H)) << 2);
      if (mask && isMasked(mask, maskStep, maskSequence, t, r)) {
        carryBack(state, dh ? dh + output : 0, flow ? flow + output : 0, row);
        continue;
      }
      const k = zone ? zoneAt(zone, zoneStep, zoneSequence, t, r) : 0;
      // Nothing is packed in `a` yet: it holds what reached h.
      if (k) zoneBackward(state, dh ? dh + output : 0, a, k, row);
      blendBackward(
        zt + ((<usize>(r * zSequence)) << 2),
        ht + ((<usize>(r * (T + 1) * H)) << 2),
        dh && !k ? dh + output : 0,
        state,
        flow ? flow + output : 0,
        row,
      );
      if (k) zoneCarry(state, a, flow ? flow + output : 0, k, row);
    }
    if (mask && allMasked(mask, maskStep, maskSequence, t, R)) continue;
    const bt = before + ((<usize>(t * H)) << 2);
    if (m) memory.fill(dm, 0, <usize>R * row);
    packRows(a, zt + 2 * row, zSequence, R, H);
    product(drh, H, 0, 0, 0, a, candidates, R, H, H);
    for (let r = 0; r < R; r++) {
      const state = (<usize>(r * H)) << 2;
      resetBeforeBackward(
        zt + row + ((<usize>(r * zSequence)) << 2),
        bt + ((<usize>(r * sequence)) << 2),
        drh + state,
        dBefore + state,
        row,
      );
    }
    packRows(a, zt, zSequence, R, 2 * H);
    product(dBefore, H, 0, dBefore, H, a, UT, R, H, 2 * H);
    if (m) dropStateBackward(dhState, dm, m, R, H);
  }
}

/** One sequence, one timestep: r (H) → dr; dhState += r·drh. h is the row that r was multiplied with. */
function resetBeforeBackward(r: usize, h: usize, drh: usize, dhState: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  for (const end = r + row; r < end; r += 32, h += 32, drh += 32, dhState += 32) {
    const r0 = v128.load(r);
    const r1 = v128.load(r, 16);
    const d0 = v128.load(drh);
    const d1 = v128.load(drh, 16);
    const dr0 = f32x4.mul(f32x4.mul(d0, v128.load(h)), sigmoidSlope(r0, one));
    const dr1 = f32x4.mul(f32x4.mul(d1, v128.load(h, 16)), sigmoidSlope(r1, one));
    store8(r, dr0, dr1);
    const state0 = f32x4.add(v128.load(dhState), f32x4.mul(d0, r0));
    const state1 = f32x4.add(v128.load(dhState, 16), f32x4.mul(d1, r1));
    store8(dhState, state0, state1);
  }
}
