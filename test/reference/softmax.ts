import { row, type Vector } from "./matrix.ts";

/** y (R, O) = softmax of each row of z (R, O): e^z over the row's sum of them. */
export function softmaxForward(z: Vector, O: number): Vector {
  const y = new Float64Array(z.length);
  for (let r = 0; r < z.length / O; r++) {
    const most = Math.max(...row(z, r, O));
    const e = row(z, r, O).map((value) => Math.exp(value - most));
    const sum = e.reduce((a, b) => a + b);
    row(y, r, O).set(e.map((value) => value / sum));
  }
  return y;
}

/** dz from dy, y being the forward pass's result: the Jacobian of a row is diag(y) - y·yᵀ. */
export function softmaxBackward(dy: Vector, y: Vector, O: number): Vector {
  const dz = new Float64Array(y.length);
  for (let r = 0; r < y.length / O; r++) {
    const [dyr, yr] = [row(dy, r, O), row(y, r, O)];
    for (let i = 0; i < O; i++) {
      for (let j = 0; j < O; j++) dz[r * O + i]! += dyr[j]! * yr[j]! * ((i === j ? 1 : 0) - yr[i]!);
    }
  }
  return dz;
}
