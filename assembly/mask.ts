/**
 * Masked steps of a recurrent layer, which keep its state, and dropout on what U is multiplied with. The recurrences
 * (lstm.ts, gru.ts, rnn.ts) take both as addresses, 0 for none:
 *
 * mask  words of 32 bits, 1 where a step counts and 0 where it is masked; `maskStep` words from a step to the next,
 *       which may be negative, `maskSequence` from a sample to the next
 * m     (R, H) what h₋ is multiplied with before U, the same at every step: 0, or the scale of what is kept
 *
 * A step that all R samples have masked costs a copy of the state. At a masked step z is 0 on the way there and, being
 * dz on the way back, adds nothing to any gradient; what reaches the state is handed to the step before.
 */
import { addProductRow, flush, multiplyRow, store8, TINY } from "./simd";

/** Whether sample r has step t masked. */
export function isMasked(mask: usize, maskStep: i32, maskSequence: i32, t: i32, r: i32): bool {
  return load<i32>(mask + ((<usize>(t * maskStep + r * maskSequence)) << 2)) == 0;
}

/** Whether all R samples have step t masked. */
export function allMasked(mask: usize, maskStep: i32, maskSequence: i32, t: i32, R: i32): bool {
  for (let r = 0; r < R; r++) {
    if (!isMasked(mask, maskStep, maskSequence, t, r)) return false;
  }
  return true;
}

/** How many of a sample's T steps are masked before the first that is not. */
export function leadingMasked(mask: usize, maskStep: i32, T: i32): i32 {
  for (let t = 0; t < T; t++) {
    if (!isMasked(mask, maskStep, 0, t, 0)) return t;
  }
  return T;
}

/** The state after a masked step is that before it, a row of so many bytes. */
export function keepState(state: usize, row: usize): void {
  memory.copy(state + row, state, row);
}

/**
 * The way back through a masked step: dState (H) += dAbove (H), or nothing where that is 0; and all of it → flow (H),
 * or nowhere where that is 0.
 */
export function carryBack(dState: usize, dAbove: usize, flow: usize, row: usize): void {
  const tiny = f32x4.splat(TINY);
  for (let j: usize = 0; j < row; j += 32) {
    const state = dState + j;
    let d0 = v128.load(state);
    let d1 = v128.load(state, 16);
    if (dAbove) {
      d0 = f32x4.add(d0, v128.load(dAbove + j));
      d1 = f32x4.add(d1, v128.load(dAbove + j, 16));
    }
    store8(state, flush(d0, tiny), flush(d1, tiny));
  }
  if (flow) memory.copy(flow, dState, row);
}

/** to (R, H) = from · m; rows of `to` and `from` so many floats apart. */
export function dropState(to: usize, ldTo: i32, from: usize, ldFrom: i32, m: usize, R: i32, H: i32): void {
  const row = (<usize>H) << 2;
  for (let r = 0; r < R; r++) {
    multiplyRow(to, from, m, row);
    to += (<usize>ldTo) << 2;
    from += (<usize>ldFrom) << 2;
    m += row;
  }
}

/** The way back through it: dState (R, H) += dm (R, H) · m. */
export function dropStateBackward(dState: usize, dm: usize, m: usize, R: i32, H: i32): void {
  addProductRow(dState, dm, m, (<usize>(R * H)) << 2);
}

/** x (rows, ld) is 0 in the rows that are masked, whatever it held. */
export function clearMasked(x: usize, ld: i32, mask: usize, maskStep: i32, rows: i32): void {
  const bytes = (<usize>ld) << 2;
  for (let m = 0; m < rows; m++, x += bytes) {
    if (isMasked(mask, maskStep, 0, m, 0)) memory.fill(x, 0, bytes);
  }
}
