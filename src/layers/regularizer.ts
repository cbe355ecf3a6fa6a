/** Penalties on weights: L1 and L2, as Keras's regularizers. */
import type { Penalty } from "./kind.ts";

/**
 * What is added to the loss for a weight's size: l1·Σ|w| + l2·Σw². `"l1"` and `"l2"` stand for one of them with
 * Keras's share of 0.01; in an object what is left out is 0.
 */
export type Regularizer = "l1" | "l2" | { readonly l1?: number; readonly l2?: number };

/** Keras's default of L1() and L2(). */
const SHARE = 0.01;

const isShare = (value: unknown) =>
  typeof value === "number" && value >= 0 && Math.fround(2 * value) < Infinity;

/** As an option: left out, there is none. */
export const aRegularizer = {
  wanted: '"l1", "l2", or an object with l1, l2 or both, numbers from 0 on',
  accepts: (value: unknown) =>
    value === "l1" ||
    value === "l2" ||
    (typeof value === "object" &&
      value !== null &&
      Object.keys(value).length > 0 &&
      Object.entries(value).every(([name, share]) => (name === "l1" || name === "l2") && isShare(share))),
  fallback: undefined,
};

/** The part of a weight's spec that says so; nothing where there is no penalty. */
export function penalized(regularizer: Regularizer | undefined): { readonly penalty?: Penalty } {
  if (regularizer === undefined) return {};
  const given = typeof regularizer === "string" ? { [regularizer]: SHARE } : regularizer;
  const { l1 = 0, l2 = 0 }: Partial<Penalty> = given;
  return l1 === 0 && l2 === 0 ? {} : { penalty: { l1, l2 } };
}
