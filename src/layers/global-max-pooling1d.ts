import { type LayerKind, padded } from "./kind.ts";
import { describeLayer } from "./options.ts";
import {
  GLOBAL_POOLING,
  type GlobalPoolingConfig,
  type GlobalPoolingLayer,
  globalPoolingOutput,
  maskOf,
  poolingFrame,
  poolingMemory,
} from "./pooling.ts";

export interface GlobalMaxPooling1dLayer extends GlobalPoolingLayer {
  readonly type: "globalMaxPooling1d";
}

/**
 * The largest of all steps. Equal ones share the gradient, as in TensorFlow's reduce_max. Masked steps do not
 * count, as they do not in the mean; Keras takes them along, with a warning. A sequence without one gives 0.
 */
export const globalMaxPooling1dKind = {
  title: "GlobalMaxPooling1D",
  baseName: "global_max_pooling1d",
  reads: "numbers",
  options: GLOBAL_POOLING,
  output: globalPoolingOutput,
  weights: () => [],
  memory: (_, x, use) => poolingMemory(1, x, use),
  pass(_, at) {
    const { k, x, dx } = at;
    const { T } = x;
    const N = padded(x.width);
    const { y, dy, eachSample } = poolingFrame(at, 1);
    return {
      y,
      dy,
      forward: (group) =>
        eachSample(group, (of, r) => {
          k.maxPoolForward(of.y, N, of.x, x.stride, T, 1, T, T, 0, N, ...maskOf(x, group, r));
        }),
      backward(group) {
        if (!dx) return;
        eachSample(group, (of, r) => {
          k.globalMaxBackward(of.dx, dx.stride, of.dy, of.y, of.x, x.stride, T, N, ...maskOf(x, group, r));
        });
      },
    };
  },
} satisfies LayerKind<GlobalMaxPooling1dLayer>;

/** The largest of all steps, feature by feature: (B, T, features) → (B, features). Keras's GlobalMaxPooling1D. */
export const globalMaxPooling1d = (config: GlobalPoolingConfig = {}): GlobalMaxPooling1dLayer =>
  describeLayer("globalMaxPooling1d", globalMaxPooling1dKind.options, config);
