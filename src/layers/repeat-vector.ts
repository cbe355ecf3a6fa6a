import { LstmkitError } from "../errors.ts";
import { type OptionTable, wholeNumber } from "../options.ts";
import { type AnyLayer, type LayerKind, padded } from "./kind.ts";
import { SUM } from "./merge-modes.ts";
import { COMMON, describeLayer } from "./options.ts";

/** Options of `repeatVector()`. */
export interface RepeatVectorConfig {
  /** Timesteps of the output, 1,000,000 at most. */
  n: number;
  /** For a first layer: [features]. */
  inputShape?: readonly (number | null)[];
  /** Default `repeat_vector`, `repeat_vector_1`, … */
  name?: string;
}

export interface RepeatVectorLayer extends AnyLayer {
  readonly type: "repeatVector";
  readonly n: number;
}

/** No weight bears it out, and a file's writer need not mean well: as many as padSequences makes. */
const MOST_STEPS = 1_000_000;

/** A row at every one of n steps. Nothing is copied: the rows of its output lie at a distance of 0. */
export const repeatVectorKind = {
  title: "RepeatVector",
  baseName: "repeat_vector",
  reads: "numbers",
  options: { n: wholeNumber(1, MOST_STEPS), ...COMMON } satisfies OptionTable<
    Omit<RepeatVectorLayer, "type">
  >,
  output({ n }, { sequence, width }) {
    if (sequence) {
      throw new LstmkitError(
        "BAD_LAYER",
        "repeatVector repeats a single row, and is given a sequence: give the recurrent layer before it " +
          "returnSequences: false.",
      );
    }
    return { holds: "numbers", sequence: true, T: n, width };
  },
  weights: () => [],
  memory: ({ n }, { width }, { groupSize: R, backward }) => ({
    group: { ...(backward && { dy: R * n * padded(width) }) },
  }),
  pass({ n }, at) {
    const { k, x, dx, use } = at;
    const N = padded(x.width);
    const dy = use.backward ? at.at("dy") : 0;
    return {
      y: { at: (group) => x.at(group), stride: 0, sequence: x.sequence, T: n, width: x.width },
      dy: { at: () => dy, stride: N, sequence: n * N, T: n, width: x.width },
      forward() {},
      backward(group) {
        if (!dx) return;
        for (let r = 0; r < group.count; r++) {
          const [to, from] = [dx.at(group) + r * dx.sequence * 4, dy + r * n * N * 4];
          k.copyRows(to, N, from, N, N, 1);
          k.mergeRows(to, 0, to, 0, from + N * 4, N, N, n - 1, SUM); // one after the other into the same row
        }
      },
    };
  },
} satisfies LayerKind<RepeatVectorLayer>;

/** A row at every step: (B, features) → (B, n, features). Keras's RepeatVector. */
export const repeatVector = (config: RepeatVectorConfig): RepeatVectorLayer =>
  describeLayer("repeatVector", repeatVectorKind.options, config);
