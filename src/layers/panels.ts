/**
 * Matrices of weights as the products read them, in panels of a few columns: packed once the weights have changed, by
 * each thread a part.
 */
import type { Kernels } from "../wasm/kernels.ts";
import { PAD, padded, type Weight } from "./kind.ts";

/** This part of the packed panels of a weight W (K, N), in int8 where its products are. */
export function packWeight(
  k: Kernels,
  to: number,
  { address, int8 }: Weight,
  K: number,
  N: number,
  part: number,
  parts: number,
): void {
  if (!int8) {
    packPart(k, to, address, K, N, part, parts);
    return;
  }
  const [first, last] = cut(N, part, parts);
  if (first < last) k.packPanelsInt8(to, address, N, int8.rows, int8.columns, K, first, last);
}

/** This part of the packed panels of W (K, N), rows ld apart: b(k, n) = W(k, n). */
export function packPart(
  k: Kernels,
  to: number,
  from: number,
  K: number,
  N: number,
  part: number,
  parts: number,
  ld = N,
): void {
  const [first, last] = cut(N, part, parts);
  if (first < last) k.packPanels(to + first * K * 4, from + first * 4, ld, 0, K, last - first);
}

/** The same of Wᵀ (N, K), of whose columns those from K to the next multiple of 8 are zero. */
export function packPartTransposed(
  k: Kernels,
  to: number,
  from: number,
  K: number,
  N: number,
  part: number,
  parts: number,
  ld = N,
): void {
  const [first, last] = cut(padded(K), part, parts);
  if (first < last) {
    k.packPanelsTransposed(to + first * N * 4, from + first * ld * 4, ld, 0, N, Math.min(last, K) - first);
  }
}

/** Whole panels of so many columns. */
function cut(columns: number, part: number, parts: number): [first: number, last: number] {
  const at = (i: number) => Math.floor((columns / PAD) * (i / parts)) * PAD;
  return [at(part), at(part + 1)];
}
