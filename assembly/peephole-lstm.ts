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
import { allMasked, carryBack, dropState, dropStateBackward, isMasked, keepState } from "./mask";
import { flush, sigmoid, TINY, tanh } from "./simd";
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
  for (let j: usize = 0; j < row; j += 16) {
    const before = v128.load(c + j);
    const i = sigmoid(f32x4.add(v128.load(z + j), f32x4.mul(v128.load(pi + j), before)));
    const f = sigmoid(f32x4.add(v128.load(z + row + j), f32x4.mul(v128.load(pf + j), before)));
    const g = tanh(v128.load(z + 2 * row + j));
    const cell = f32x4.add(f32x4.mul(f, before), f32x4.mul(i, g));
    const o = sigmoid(f32x4.add(v128.load(z + 3 * row + j), f32x4.mul(v128.load(po + j), cell)));
    const squashed = tanh(cell);
    v128.store(z + j, i);
    v128.store(z + row + j, f);
    v128.store(z + 2 * row + j, g);
    v128.store(z + 3 * row + j, o);
    v128.store(c + row + j, cell);
    v128.store(tc + j, squashed);
    v128.store(h + row + j, f32x4.mul(o, squashed));
  }
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
  for (let j: usize = 0; j < row; j += 16) {
    const i = v128.load(z + j);
    const f = v128.load(z + row + j);
    const g = v128.load(z + 2 * row + j);
    const o = v128.load(z + 3 * row + j);
    const before = v128.load(c + j);
    const squashed = v128.load(tc + j);
    let dhj = v128.load(dhNext + j);
    if (dh) dhj = f32x4.add(dhj, v128.load(dh + j));
    dhj = flush(dhj, tiny);
    // σ' = σ(1 - σ) and tanh' = 1 - tanh², both from the activated value.
    const do_ = f32x4.mul(f32x4.mul(dhj, squashed), f32x4.mul(o, f32x4.sub(one, o)));
    let dcj = f32x4.mul(f32x4.mul(dhj, o), f32x4.sub(one, f32x4.mul(squashed, squashed)));
    dcj = f32x4.add(dcj, f32x4.mul(do_, v128.load(po + j)));
    dcj = flush(f32x4.add(v128.load(dc + j), dcj), tiny);
    if (flow) {
      v128.store(flow + j, dhj);
      v128.store(flow + row + j, dcj);
    }
    const di = f32x4.mul(f32x4.mul(dcj, g), f32x4.mul(i, f32x4.sub(one, i)));
    const df = f32x4.mul(f32x4.mul(dcj, before), f32x4.mul(f, f32x4.sub(one, f)));
    v128.store(z + j, di);
    v128.store(z + row + j, df);
    v128.store(z + 2 * row + j, f32x4.mul(f32x4.mul(dcj, i), f32x4.sub(one, f32x4.mul(g, g))));
    v128.store(z + 3 * row + j, do_);
    const throughGates = f32x4.add(f32x4.mul(di, v128.load(pi + j)), f32x4.mul(df, v128.load(pf + j)));
    v128.store(dc + j, f32x4.add(f32x4.mul(dcj, f), throughGates));
    addProduct(dp + j, di, before);
    addProduct(dp + row + j, df, before);
    addProduct(dp + 2 * row + j, do_, v128.load(c + row + j));
  }
}

/** Four numbers at `sum` += a·b. */
function addProduct(sum: usize, a: v128, b: v128): void {
  v128.store(sum, f32x4.add(v128.load(sum), f32x4.mul(a, b)));
}
