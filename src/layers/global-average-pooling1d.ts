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

export interface GlobalAveragePooling1dLayer extends GlobalPoolingLayer {
  readonly type: "globalAveragePooling1d";
}

/** The mean of all steps that are not masked. A sequence without one gives 0, where Keras divides 0 by 0. */
export const globalAveragePooling1dKind = {
  title: "GlobalAveragePooling1D",
  baseName: "global_average_pooling1d",
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
          k.averagePoolForward(of.y, N, of.x, x.stride, T, 1, T, T, 0, N, ...maskOf(x, group, r));
        }),
      backward(group) {
        if (!dx) return;
        eachSample(group, (of, r) => {
          k.averagePoolBackward(of.dx, dx.stride, of.dy, N, T, 1, T, T, 0, N, ...maskOf(x, group, r));
        });
      },
    };
  },
} satisfies LayerKind<GlobalAveragePooling1dLayer>;

/** The mean of all steps: (B, T, features) → (B, features). Keras's GlobalAveragePooling1D. */
export const globalAveragePooling1d = (config: GlobalPoolingConfig = {}): GlobalAveragePooling1dLayer =>
  describeLayer("globalAveragePooling1d", globalAveragePooling1dKind.options, config);
