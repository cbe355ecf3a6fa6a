import { number } from "../options.ts";
import { type AnyLayer, type LayerKind, padded, type Rows } from "./kind.ts";
import { COMMON, describeLayer, sequenceShape } from "./options.ts";

/** Options of `masking()`. */
export interface MaskingConfig {
  /** A step is masked where all its features are this number. Default 0. */
  maskValue?: number;
  /** [T or null for any, features]. */
  inputShape?: readonly [number | null, number];
  /** Default `masking`, `masking_1`, … */
  name?: string;
}

export interface MaskingLayer extends AnyLayer {
  readonly type: "masking";
  readonly maskValue: number;
}

/**
 * Keras's Masking, for a model that is fed with numbers. Rows are looked at as a batch is loaded, and those that are
 * masked stand there as zeros, as Keras hands them on: the pass itself has nothing to do.
 */
export const maskingKind = {
  title: "Masking",
  baseName: "masking",
  reads: "numbers",
  options: {
    maskValue: {
      ...number("a number that is finite in float32", (n) => Number.isFinite(Math.fround(n))),
      fallback: 0,
    },
    ...COMMON,
    inputShape: sequenceShape,
  },
  output: (_, { sequence, T, width }) => ({ holds: "numbers", sequence, T, width, masked: true }),
  masks({ maskValue }) {
    const value = Math.fround(maskValue);
    return (row) => Array.prototype.every.call(row, (number) => number === value);
  },
  weights: () => [],
  oneStep: (layer) => layer,
  memory: (_, { T, width }, { groupSize: R, backward }) => ({
    group: { ...(backward && { dy: R * T * padded(width) }) },
  }),
  pass(_, at) {
    const { x, use } = at;
    const N = padded(x.width);
    const dy = use.backward ? at.at("dy") : 0;
    const own: Rows = { at: () => dy, stride: N, sequence: x.T * N, T: x.T, width: x.width };
    return { y: x, dy: own, forward() {}, backward() {} };
  },
} satisfies LayerKind<MaskingLayer>;

/**
 * Masks the steps whose features are all `maskValue`, (B, T, features) → (B, T, features): recurrent layers step over
 * them, loss and metrics leave them out. Must be the first layer.
 */
export const masking = (config: MaskingConfig = {}): MaskingLayer =>
  describeLayer("masking", maskingKind.options, config);
