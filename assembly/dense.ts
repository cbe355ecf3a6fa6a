/** The elementwise part of the dense layer; its products are those of gemm.ts. */
import { sigmoid, tanh } from "./simd";

export const LINEAR: i32 = 0;
export const SIGMOID: i32 = 1;
export const TANH: i32 = 2;
export const RELU: i32 = 3;
/** Keras 3's: relu6(x + 3) / 6. */
export const HARD_SIGMOID: i32 = 4;

/** y (n) = activation of y, in place. n a multiple of 4. */
export function activationForward(y: usize, n: i32, activation: i32): void {
  const end = y + ((<usize>n) << 2);
  if (activation == SIGMOID) {
    for (; y < end; y += 16) v128.store(y, sigmoid(v128.load(y)));
  } else if (activation == TANH) {
    for (; y < end; y += 16) v128.store(y, tanh(v128.load(y)));
  } else if (activation == RELU) {
    for (; y < end; y += 16) v128.store(y, f32x4.pmax(v128.load(y), f32x4.splat(0)));
  } else if (activation == HARD_SIGMOID) {
    const six = f32x4.splat(6);
    for (; y < end; y += 16) {
      const shifted = f32x4.add(v128.load(y), f32x4.splat(3));
      const limited = f32x4.pmax(f32x4.pmin(shifted, six), f32x4.splat(0)); // NaN stays NaN
      v128.store(y, f32x4.div(limited, six));
    }
  }
}

/** dy (n) in: gradient of the output y; out: gradient of the pre-activation. */
export function activationBackward(dy: usize, y: usize, n: i32, activation: i32): void {
  const one = f32x4.splat(1.0);
  const end = dy + ((<usize>n) << 2);
  for (; dy < end && activation != LINEAR; dy += 16, y += 16) {
    const v = v128.load(y);
    const d = v128.load(dy);
    if (activation == SIGMOID) v128.store(dy, f32x4.mul(d, f32x4.mul(v, f32x4.sub(one, v))));
    else if (activation == TANH) v128.store(dy, f32x4.mul(d, f32x4.sub(one, f32x4.mul(v, v))));
    else if (activation == RELU) v128.store(dy, v128.and(d, f32x4.gt(v, f32x4.splat(0))));
    else {
      const slope = v128.and(f32x4.gt(v, f32x4.splat(0)), f32x4.lt(v, one));
      v128.store(dy, v128.and(f32x4.div(d, f32x4.splat(6)), slope));
    }
  }
}
