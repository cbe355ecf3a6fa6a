import type { OptionTable } from "../options.ts";
import { type AnyLayer, type LayerKind, maskAs, maskedAs, padded, type Rows } from "./kind.ts";
import { COMMON, describeLayer, share } from "./options.ts";

/** Options of `dropout()`. */
export interface DropoutConfig {
  /** Share of the inputs dropped while training; in [0, 1). */
  rate: number;
  /** For a first layer: [T or null for any, features], or [features]. */
  inputShape?: readonly (number | null)[];
  /** Default `dropout`, `dropout_1`, … */
  name?: string;
}

export interface DropoutLayer extends AnyLayer {
  readonly type: "dropout";
  readonly rate: number;
}

/**
 * Srivastava et al. 2014: each element by itself is 0 with probability `rate`, or scaled by 1/(1 - rate). The
 * choice is drawn again on the way back, so nothing is kept of it; in assembly/dropout.ts.
 */
export const dropoutKind = {
  title: "Dropout",
  baseName: "dropout",
  reads: "numbers",
  options: { rate: share, ...COMMON } satisfies OptionTable<Omit<DropoutLayer, "type">>,
  output: (_, x) => ({ holds: "numbers", sequence: x.sequence, T: x.T, width: x.width, ...maskedAs(x) }),
  weights: () => [],
  oneStep: (layer) => layer,
  withoutDropout: (layer) => ({ ...layer, rate: 0 }),
  memory({ rate }, { T, width }, { groupSize: R, backward }) {
    const block = R * T * padded(width);
    // Where nothing is dropped x goes through as it is.
    return { group: { ...(backward && rate > 0 && { y: block }), ...(backward && { dy: block }) } };
  },
  pass({ rate }, at) {
    const { k, x, dx, use, stream } = at;
    const { T, width } = x;
    const N = padded(width);
    const rows = (address: number): Rows => ({
      at: () => address,
      stride: N,
      sequence: T * N,
      T,
      width,
      ...maskAs(x),
    });
    const own = use.backward ? rows(at.at("dy")) : rows(0);
    if (!use.backward || rate === 0) return { y: x, dy: dx ?? own, forward() {}, backward() {} };
    const y = rows(at.at("y"));
    const drop = (to: Rows, from: Rows): ((group: Parameters<Rows["at"]>[0]) => void) => {
      return (group) => {
        const { seed, first, batch, epoch } = group;
        for (let r = 0; r < group.count; r++) {
          const [t, f] = [to.at(group) + r * to.sequence * 4, from.at(group) + r * from.sequence * 4];
          const scale = 1 / (1 - rate);
          k.dropElements(
            t,
            to.stride,
            f,
            from.stride,
            T,
            width,
            rate,
            scale,
            seed,
            stream,
            first + r,
            batch,
            epoch,
          );
        }
      };
    };
    return { y, dy: own, forward: drop(y, x), backward: dx ? drop(dx, own) : () => {} };
  },
} satisfies LayerKind<DropoutLayer>;

/** Drops elements while training, each by itself: (…, features) → (…, features). */
export const dropout = (config: DropoutConfig): DropoutLayer =>
  describeLayer("dropout", dropoutKind.options, config);
