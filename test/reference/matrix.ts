/** Row-major matrices in one flat array each; sizes are passed, as in the kernels. */
export type Vector = Float64Array;

/** c (M, N) += a (M, K) · b (K, N). */
export function addProduct(c: Vector, a: Vector, b: Vector, M: number, K: number, N: number): void {
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += a[m * K + k]! * b[k * N + n]!;
      c[m * N + n]! += sum;
    }
  }
}

/** The backward pass of `addProduct`: da (M, K) += dc (M, N) · bᵀ and db (K, N) += aᵀ · dc. */
export function addProductBackward(
  da: Vector,
  db: Vector,
  dc: Vector,
  a: Vector,
  b: Vector,
  M: number,
  K: number,
  N: number,
): void {
  for (let m = 0; m < M; m++) {
    for (let k = 0; k < K; k++) {
      for (let n = 0; n < N; n++) {
        da[m * K + k]! += dc[m * N + n]! * b[k * N + n]!;
        db[k * N + n]! += a[m * K + k]! * dc[m * N + n]!;
      }
    }
  }
}

/** to += from, element by element. */
export function addTo(to: Vector, from: Vector): void {
  for (let i = 0; i < to.length; i++) to[i]! += from[i]!;
}

/** Row `index` of a matrix whose rows have `width` elements: a view, not a copy. */
export function row(matrix: Vector, index: number, width: number): Vector {
  return matrix.subarray(index * width, (index + 1) * width);
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
