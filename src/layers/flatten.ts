import { LstmkitError } from "../errors.ts";
import type { OptionTable } from "../options.ts";
import { type AnyLayer, type LayerKind, padded, type Rows } from "./kind.ts";
import { COMMON, describeLayer } from "./options.ts";

/** Options of `flatten()`. */
export interface FlattenConfig {
  /** For a first layer: [T, features], or [features]. */
  inputShape?: readonly (number | null)[];
  /** Default `flatten`, `flatten_1`, … */
  name?: string;
}

export interface FlattenLayer extends AnyLayer {
  readonly type: "flatten";
}

/** The rows of a sequence one behind the other as one, without what each is padded with. */
export const flattenKind = {
  title: "Flatten",
  baseName: "flatten",
  reads: "numbers",
  options: { ...COMMON } satisfies OptionTable<Omit<FlattenLayer, "type">>,
  output(_, { T, width }) {
    if (T === null) {
      throw new LstmkitError(
        "BAD_LAYER",
        "flatten makes one row of all timesteps, and their number is open: say it in the first layer's " +
          "inputShape, [timesteps, features], or in an embedding's inputLength; or take the steps together with " +
          "globalMaxPooling1d or globalAveragePooling1d, which do with any number.",
      );
    }
    return { holds: "numbers", sequence: false, T: 1, width: T * width };
  },
  weights: () => [],
  memory(_, { T, width }, { groupSize: R, backward }) {
    const row = R * padded(T * width);
    return { group: { ...(T > 1 && { y: row }), ...(backward && { dy: row }) } };
  },
  pass(_, at) {
    const { k, x, dx, use } = at;
    const { T, width } = x;
    const N = padded(T * width);
    const rows = (address: number): Rows => ({
      at: () => address,
      stride: N,
      sequence: N,
      T: 1,
      width: T * width,
    });
    const own = rows(use.backward ? at.at("dy") : 0);
    if (T === 1) {
      const { at: first, stride, sequence } = x;
      return { y: { at: first, stride, sequence, T, width }, dy: dx ?? own, forward() {}, backward() {} };
    }
    const y = rows(at.at("y"));
    return {
      y,
      dy: own,
      forward(group) {
        for (let r = 0; r < group.count; r++) {
          k.copyRows(y.at(group) + r * N * 4, width, x.at(group) + r * x.sequence * 4, x.stride, width, T);
        }
      },
      backward(group) {
        if (!dx) return;
        for (let r = 0; r < group.count; r++) {
          k.copyRows(
            dx.at(group) + r * dx.sequence * 4,
            dx.stride,
            own.at(group) + r * N * 4,
            width,
            width,
            T,
          );
        }
      },
    };
  },
} satisfies LayerKind<FlattenLayer>;

/** All timesteps in one row: (B, T, features) → (B, T·features). T has to be known. Keras's Flatten. */
export const flatten = (config: FlattenConfig = {}): FlattenLayer =>
  describeLayer("flatten", flattenKind.options, config);
