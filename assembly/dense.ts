/** The elementwise part of the dense layer; its products are those of gemm.ts. */
import { sigmoidRow, sigmoidSlope, store8, tanhRow, tanhSlope } from "./simd";

export const LINEAR: i32 = 0;
export const SIGMOID: i32 = 1;
export const TANH: i32 = 2;
export const RELU: i32 = 3;
/** Keras 3's: relu6(x + 3) / 6. */
export const HARD_SIGMOID: i32 = 4;

/** y (n) = activation of y, in place. n a multiple of 8. */
export function activationForward(y: usize, n: i32, activation: i32): void {
  const end = y + ((<usize>n) << 2);
  if (activation == SIGMOID) {
    sigmoidRow(y, y, end - y);
  } else if (activation == TANH) {
    tanhRow(y, y, end - y);
  } else if (activation == RELU) {
    const zero = f32x4.splat(0);
    for (; y < end; y += 32) store8(y, f32x4.pmax(v128.load(y), zero), f32x4.pmax(v128.load(y, 16), zero));
  } else if (activation == HARD_SIGMOID) {
    for (; y < end; y += 32) store8(y, hardSigmoid(v128.load(y)), hardSigmoid(v128.load(y, 16)));
  }
}

function hardSigmoid(x: v128): v128 {
  const six = f32x4.splat(6);
  const limited = f32x4.pmax(f32x4.pmin(f32x4.add(x, f32x4.splat(3)), six), f32x4.splat(0)); // NaN stays NaN
  return f32x4.div(limited, six);
}

/** dy (n) in: gradient of the output y; out: gradient of the pre-activation. */
export function activationBackward(dy: usize, y: usize, n: i32, activation: i32): void {
  const one = f32x4.splat(1.0);
  const zero = f32x4.splat(0);
  const six = f32x4.splat(6);
  const end = dy + ((<usize>n) << 2);
  if (activation == SIGMOID) {
    for (; dy < end; dy += 32, y += 32) {
      const d0 = f32x4.mul(v128.load(dy), sigmoidSlope(v128.load(y), one));
      const d1 = f32x4.mul(v128.load(dy, 16), sigmoidSlope(v128.load(y, 16), one));
      store8(dy, d0, d1);
    }
  } else if (activation == TANH) {
    for (; dy < end; dy += 32, y += 32) {
      const d0 = f32x4.mul(v128.load(dy), tanhSlope(v128.load(y), one));
      const d1 = f32x4.mul(v128.load(dy, 16), tanhSlope(v128.load(y, 16), one));
      store8(dy, d0, d1);
    }
  } else if (activation == RELU) {
    for (; dy < end; dy += 32, y += 32) {
      const d0 = v128.and(v128.load(dy), f32x4.gt(v128.load(y), zero));
      const d1 = v128.and(v128.load(dy, 16), f32x4.gt(v128.load(y, 16), zero));
      store8(dy, d0, d1);
    }
  } else if (activation == HARD_SIGMOID) {
    for (; dy < end; dy += 32, y += 32) {
      const v0 = v128.load(y);
      const v1 = v128.load(y, 16);
      const slope0 = v128.and(f32x4.gt(v0, zero), f32x4.lt(v0, one));
      const slope1 = v128.and(f32x4.gt(v1, zero), f32x4.lt(v1, one));
      const d0 = f32x4.div(v128.load(dy), six);
      const d1 = f32x4.div(v128.load(dy, 16), six);
      store8(dy, v128.and(d0, slope0), v128.and(d1, slope1));
    }
  }
}
