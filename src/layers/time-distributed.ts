import { LstmkitError } from "../errors.ts";
import type { OptionTable } from "../options.ts";
import type { AnyLayer, LayerKind } from "./kind.ts";
import { COMMON, describeLayer, sequenceShape } from "./options.ts";
import { type AnyRowLayer, ROW_KINDS } from "./row-kinds.ts";
import { requireSequence } from "./windows.ts";

/** Options of `timeDistributed()`. */
export interface TimeDistributedConfig {
  /** The layer that every step goes through: dense, dropout, layerNormalization or activation. */
  layer: AnyRowLayer;
  /** For a first layer that is fed with numbers: [T or null for any, features]. */
  inputShape?: readonly [number | null, number];
  /** Default `time_distributed`, `time_distributed_1`, … */
  name?: string;
}

export interface TimeDistributedLayer extends AnyLayer {
  readonly type: "timeDistributed";
  readonly layer: AnyRowLayer;
}

const kindOf = ({ type }: AnyRowLayer) => ROW_KINDS[type] as LayerKind<AnyRowLayer>;

const weightName = ({ layer }: TimeDistributedLayer, name: string) =>
  `${layer.name || kindOf(layer).baseName}/${name}`;

/**
 * A layer at every step. Those that it may hold do that by themselves when they are given a sequence, so what is
 * computed is what they compute, to the bit; the weights have Keras's names.
 */
export const timeDistributedKind = {
  title: "TimeDistributed",
  baseName: "time_distributed",
  reads: "numbers",
  options: {
    layer: {
      wanted: `a layer that works on single rows: ${Object.keys(ROW_KINDS).join(", ")}`,
      accepts: (value: unknown) =>
        typeof value === "object" &&
        value !== null &&
        Object.hasOwn(ROW_KINDS, String((value as { type?: unknown }).type)),
    },
    ...COMMON,
    inputShape: sequenceShape,
  } satisfies OptionTable<Omit<TimeDistributedLayer, "type">>,
  complete: (own) => ({
    ...own,
    layer: describeLayer<AnyRowLayer>(own.layer.type, kindOf(own.layer).options, own.layer),
  }),
  output({ layer }, x) {
    if (layer.inputShape) {
      throw new LstmkitError(
        "BAD_LAYER",
        "the layer within a timeDistributed has an inputShape; give it to the timeDistributed.",
      );
    }
    requireSequence("timeDistributed", x);
    return kindOf(layer).output(layer, x);
  },
  weights: (own, x) =>
    kindOf(own.layer)
      .weights(own.layer, x)
      .map((spec) => ({ ...spec, name: weightName(own, spec.name) })),
  memory: ({ layer }, x, use) => kindOf(layer).memory(layer, x, use),
  gathers: ({ layer }, use) => kindOf(layer).gathers?.(layer, use) ?? 0,
  pass: (own, at) =>
    kindOf(own.layer).pass(own.layer, { ...at, weight: (name) => at.weight(weightName(own, name)) }),
  bare(own) {
    const bare = kindOf(own.layer).bare?.(own.layer);
    return bare && { activation: bare.activation, layer: { ...own, layer: bare.layer } };
  },
  oneStep(own) {
    const layer = kindOf(own.layer).oneStep?.(own.layer);
    return layer ? { ...own, layer } : null;
  },
  withoutDropout: (own) => ({ ...own, layer: kindOf(own.layer).withoutDropout?.(own.layer) ?? own.layer }),
} satisfies LayerKind<TimeDistributedLayer>;

/** The same layer at every step: (B, T, features) → (B, T, features of the layer's output). Keras's TimeDistributed. */
export const timeDistributed = (config: TimeDistributedConfig): TimeDistributedLayer =>
  describeLayer("timeDistributed", timeDistributedKind.options, config);
