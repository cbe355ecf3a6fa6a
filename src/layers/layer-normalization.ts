import { number, type OptionTable, trueOrFalse } from "../options.ts";
import {
  type AnyLayer,
  type Initializer,
  type LayerKind,
  maskAs,
  maskedAs,
  padded,
  type Rows,
} from "./kind.ts";
import { anInitializer, COMMON, describeLayer } from "./options.ts";

/** Options of `layerNormalization()`. */
export interface LayerNormalizationConfig {
  /** Added to the variance. Default 0.001. */
  epsilon?: number;
  /** Add beta. Default true. */
  center?: boolean;
  /** Multiply with gamma. Default true. */
  scale?: boolean;
  /** Default `zeros`. */
  betaInitializer?: Initializer;
  /** Default `ones`. */
  gammaInitializer?: Initializer;
  /** For a first layer: [T or null for any, features], or [features]. */
  inputShape?: readonly (number | null)[];
  /** Default `layer_normalization`, `layer_normalization_1`, … */
  name?: string;
}

export interface LayerNormalizationLayer extends AnyLayer {
  readonly type: "layerNormalization";
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
  readonly betaInitializer: Initializer;
  readonly gammaInitializer: Initializer;
}

/** Ba, Kiros and Hinton 2016, over the last axis; computed in assembly/layer-normalization.ts. */
export const layerNormalizationKind = {
  title: "LayerNormalization",
  baseName: "layer_normalization",
  reads: "numbers",
  options: {
    epsilon: { ...number("above 0 and below 1", (n) => n > 0 && n < 1), fallback: 1e-3 },
    center: { ...trueOrFalse, fallback: true },
    scale: { ...trueOrFalse, fallback: true },
    betaInitializer: { ...anInitializer, fallback: "zeros" },
    gammaInitializer: { ...anInitializer, fallback: "ones" },
    ...COMMON,
  } satisfies OptionTable<Omit<LayerNormalizationLayer, "type">>,
  output: (_, x) => ({ holds: "numbers", sequence: x.sequence, T: x.T, width: x.width, ...maskedAs(x) }),
  weights: ({ center, scale, betaInitializer, gammaInitializer }, { width }) => [
    ...(scale ? [{ name: "gamma", shape: [width], blocks: 1, initializer: gammaInitializer }] : []),
    ...(center ? [{ name: "beta", shape: [width], blocks: 1, initializer: betaInitializer }] : []),
  ],
  memory(_, { T, width }, { groupSize: R, backward }) {
    const rows = R * T;
    const block = rows * padded(width);
    return { group: { y: block, xhat: block, inverse: rows, ...(backward && { dy: block }) } };
  },
  oneStep: (layer) => layer,
  pass({ epsilon, center, scale }, at) {
    const { k, x, dx, use } = at;
    const { T, width: n } = x;
    const N = padded(n);
    const [y, xhat, inverse] = [at.at("y"), at.at("xhat"), at.at("inverse")];
    const dy = use.backward ? at.at("dy") : 0;
    const gamma = scale ? at.weight("gamma") : null;
    const beta = center ? at.weight("beta") : null;
    const rows = (address: number): Rows => ({
      at: () => address,
      stride: N,
      sequence: T * N,
      T,
      width: n,
      ...maskAs(x),
    });
    const block = (address: number, r: number) => address + r * T * N * 4;
    return {
      y: rows(y),
      dy: rows(dy),
      forward(group) {
        for (let r = 0; r < group.count; r++) {
          const from = x.at(group) + r * x.sequence * 4;
          const own = [block(y, r), N, block(xhat, r), inverse + r * T * 4] as const;
          k.layerNormForward(
            ...own,
            from,
            x.stride,
            gamma?.address ?? 0,
            beta?.address ?? 0,
            T,
            n,
            1,
            epsilon,
          );
        }
      },
      backward(group) {
        const [dGamma, dBeta] = [gamma?.gradient(group) ?? 0, beta?.gradient(group) ?? 0];
        for (let r = 0; r < group.count; r++) {
          // Where nobody asks for dx it takes the place of dy.
          const to = dx ? dx.at(group) + r * dx.sequence * 4 : block(dy, r);
          const own = [block(dy, r), N, block(xhat, r), inverse + r * T * 4] as const;
          k.layerNormBackward(to, dx?.stride ?? N, dGamma, dBeta, ...own, gamma?.address ?? 0, T, n, 1);
        }
      },
    };
  },
} satisfies LayerKind<LayerNormalizationLayer>;

/** Each row brought to mean 0 and variance 1, then · gamma + beta: (…, features) → (…, features). */
export const layerNormalization = (config: LayerNormalizationConfig = {}): LayerNormalizationLayer =>
  describeLayer("layerNormalization", layerNormalizationKind.options, config);
