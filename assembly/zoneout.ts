/**
 * Zoneout (Krueger et al., "Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations", 2016): while training
 * each unit of a state keeps, with a probability and at every step anew, what it was; else it takes what the cell gives.
 *
 *   h = k·h₋ + (1 - k)·h_new        k = 1 where the unit keeps, else 0; where nothing is trained, the probability of 1
 *
 * and c likewise, with a k of its own. An LSTM's h_new is of c_new, not of the c that is kept, as in the paper. The
 * recurrences (lstm.ts, gru.ts, rnn.ts) take k as addresses, 0 for none:
 *
 * zone  (…, H) k of a state's units: `zoneStep` floats from a step's to the next, `zoneSequence` from a sample's to the
 *       next; both are 0 where one row is for all
 */
import { isMasked } from "./mask";
import { block, unit, ZONEOUT } from "./random";
import { addProductRow, FAINT, flush, store8, TINY } from "./simd";

/**
 * For one sample: zone (T, H) = 1 where a draw is below `rate`, else 0. The draws depend on layer, state, sample, step,
 * epoch, and on how many steps came before that were not masked: a masked step has none, and its k is not read.
 * state  0 for h, 1 for c
 * mask as in mask.ts, of this sample
 */
export function zoneout(
  zone: usize,
  T: i32,
  H: i32,
  units: i32,
  rate: f32,
  seed: u32,
  layer: u32,
  state: u32,
  sample: u32,
  step: u32,
  epoch: u32,
  mask: usize,
  maskStep: i32,
): void {
  const key = (ZONEOUT + (state << 16)) | layer;
  const one = f32x4.splat(1.0);
  let number: u32 = 0; // of the block: each step begins with another
  for (let t = 0; t < T; t++, zone += (<usize>H) << 2) {
    if (mask && isMasked(mask, maskStep, 0, t, 0)) continue;
    for (let j = 0; j < units; j += 4, number++) {
      const draws = unit(block(seed, key, number, sample, step, epoch));
      v128.store(zone + ((<usize>j) << 2), v128.and(f32x4.lt(draws, f32x4.splat(rate)), one));
    }
  }
}

/** zone (H) = the expectation of the draws. */
export function zoneoutMean(zone: usize, H: i32, rate: f32): void {
  for (let j: usize = 0; j < (<usize>H) << 2; j += 16) v128.store(zone + j, f32x4.splat(rate));
}

/** The row of step t of sequence r. */
export function zoneAt(zone: usize, zoneStep: i32, zoneSequence: i32, t: i32, r: i32): usize {
  return zone + ((<usize>(t * zoneStep + r * zoneSequence)) << 2);
}

/** state (2, H), that before a step and that which the cell gives: the second row is what the step leaves. */
export function zoneState(state: usize, k: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  const faint = f32x4.splat(FAINT);
  for (const end = state + row; state < end; state += 32, k += 32) {
    const fresh = state + row;
    const k0 = v128.load(k);
    const k1 = v128.load(k, 16);
    const kept0 = f32x4.mul(k0, v128.load(state));
    const kept1 = f32x4.mul(k1, v128.load(state, 16));
    const fresh0 = f32x4.mul(f32x4.sub(one, k0), v128.load(fresh));
    const fresh1 = f32x4.mul(f32x4.sub(one, k1), v128.load(fresh, 16));
    store8(fresh, flush(f32x4.add(kept0, fresh0), faint), flush(f32x4.add(kept1, fresh1), faint));
  }
}

/**
 * The way back, before the cell's: all (H) = dState + dAbove, or dState alone where that is 0, which is what reaches the
 * state that the step left; dState (H) = (1 - k)·all, the gradient of what the cell gave.
 */
export function zoneBackward(dState: usize, dAbove: usize, all: usize, k: usize, row: usize): void {
  const one = f32x4.splat(1.0);
  const tiny = f32x4.splat(TINY);
  for (let j: usize = 0; j < row; j += 32) {
    const state = dState + j;
    const kj = k + j;
    let d0 = v128.load(state);
    let d1 = v128.load(state, 16);
    if (dAbove) {
      d0 = f32x4.add(d0, v128.load(dAbove + j));
      d1 = f32x4.add(d1, v128.load(dAbove + j, 16));
    }
    d0 = flush(d0, tiny);
    d1 = flush(d1, tiny);
    store8(all + j, d0, d1);
    const cell0 = f32x4.mul(d0, f32x4.sub(one, v128.load(kj)));
    const cell1 = f32x4.mul(d1, f32x4.sub(one, v128.load(kj, 16)));
    store8(state, cell0, cell1);
  }
}

/** And after it: dState (H), which the cell carried to the step before, += k·all; all → flow, or nowhere where that is 0. */
export function zoneCarry(dState: usize, all: usize, flow: usize, k: usize, row: usize): void {
  if (flow) memory.copy(flow, all, row);
  addProductRow(dState, all, k, row);
}
