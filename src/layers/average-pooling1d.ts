import { type LayerKind, padded } from "./kind.ts";
import { describeLayer } from "./options.ts";
import {
  POOLING,
  type PoolingConfig,
  type PoolingLayer,
  poolingFrame,
  poolingMemory,
  poolingOutput,
  windowArguments,
} from "./pooling.ts";

export interface AveragePooling1dLayer extends PoolingLayer {
  readonly type: "averagePooling1d";
}

/** The mean of each window; of a padded one that of its real steps, as in TensorFlow. */
export const averagePooling1dKind = {
  title: "AveragePooling1D",
  baseName: "average_pooling1d",
  reads: "numbers",
  options: POOLING,
  output: poolingOutput,
  weights: () => [],
  memory: (layer, x, use) => poolingMemory(windowArguments(layer, x.T)[1], x, use),
  pass(layer, at) {
    const { k, x, dx } = at;
    const N = padded(x.width);
    const windows = windowArguments(layer, x.T);
    const { y, dy, eachSample } = poolingFrame(at, windows[1]);
    return {
      y,
      dy,
      forward: (group) =>
        eachSample(group, (of) => k.averagePoolForward(of.y, N, of.x, x.stride, ...windows, N, 0, 0)),
      backward(group) {
        if (!dx) return;
        eachSample(group, (of) => k.averagePoolBackward(of.dx, dx.stride, of.dy, N, ...windows, N, 0, 0));
      },
    };
  },
} satisfies LayerKind<AveragePooling1dLayer>;

/** The mean of each window: (B, T, features) → (B, T', features). Keras's AveragePooling1D. */
export const averagePooling1d = (config: PoolingConfig = {}): AveragePooling1dLayer =>
  describeLayer("averagePooling1d", averagePooling1dKind.options, config);
