/** The elementwise part of the dense layer; its products are those of gemm.ts. */
import { storeEight } from "./rows";
import { sigmoid, tanh } from "./simd";

export const LINEAR: i32 = 0;
export const SIGMOID: i32 = 1;
export const TANH: i32 = 2;
export const RELU: i32 = 3;
/** Keras 3's: relu6(x + 3) / 6. */
export const HARD_SIGMOID: i32 = 4;

/** y (n) = activation of y, in place. n a multiple of PAD. */
export function activationForward(y: usize, n: i32, activation: i32): void {
  const end = y + ((<usize>n) << 2);
  if (activation == SIGMOID) {
    for (; y < end; y += 32) storeEight(y, sigmoid(v128.load(y)), sigmoid(v128.load(y, 16)));
  } else if (activation == TANH) {
    for (; y < end; y += 32) storeEight(y, tanh(v128.load(y)), tanh(v128.load(y, 16)));
  } else if (activation == RELU) {
    const zero = f32x4.splat(0);
    for (; y < end; y += 32) {
      storeEight(y, f32x4.pmax(v128.load(y), zero), f32x4.pmax(v128.load(y, 16), zero));
    }
  } else if (activation == HARD_SIGMOID) {
    for (; y < end; y += 32) storeEight(y, hardSigmoid(v128.load(y)), hardSigmoid(v128.load(y, 16)));
  }
}

function hardSigmoid(x: v128): v128 {
  const six = f32x4.splat(6);
  const limited = f32x4.pmax(f32x4.pmin(f32x4.add(x, f32x4.splat(3)), six), f32x4.splat(0)); // NaN stays NaN
  return f32x4.div(limited, six);
}

/** dy (n) in: gradient of the output y; out: gradient of the pre-activation. n a multiple of PAD. */
export function activationBackward(dy: usize, y: usize, n: i32, activation: i32): void {
  const one = f32x4.splat(1.0);
  const end = dy + ((<usize>n) << 2);
  const zero = f32x4.splat(0);
  for (; dy < end && activation != LINEAR; dy += 32, y += 32) {
    const v0 = v128.load(y);
    const v1 = v128.load(y, 16);
    const d0 = v128.load(dy);
    const d1 = v128.load(dy, 16);
    if (activation == SIGMOID) {
      const slope0 = f32x4.mul(v0, f32x4.sub(one, v0));
      const slope1 = f32x4.mul(v1, f32x4.sub(one, v1));
      storeEight(dy, f32x4.mul(d0, slope0), f32x4.mul(d1, slope1));
    } else if (activation == TANH) {
      const slope0 = f32x4.sub(one, f32x4.mul(v0, v0));
      const slope1 = f32x4.sub(one, f32x4.mul(v1, v1));
      storeEight(dy, f32x4.mul(d0, slope0), f32x4.mul(d1, slope1));
    } else if (activation == RELU) {
      storeEight(dy, v128.and(d0, f32x4.gt(v0, zero)), v128.and(d1, f32x4.gt(v1, zero)));
    } else {
      const slope0 = v128.and(f32x4.gt(v0, zero), f32x4.lt(v0, one));
      const slope1 = v128.and(f32x4.gt(v1, zero), f32x4.lt(v1, one));
      const six = f32x4.splat(6);
      storeEight(dy, v128.and(f32x4.div(d0, six), slope0), v128.and(f32x4.div(d1, six), slope1));
    }
  }
}
