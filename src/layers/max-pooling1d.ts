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

export interface MaxPooling1dLayer extends PoolingLayer {
  readonly type: "maxPooling1d";
}

/** The largest of each window. Of equal ones the first gets the gradient, as in TensorFlow. */
export const maxPooling1dKind = {
  title: "MaxPooling1D",
  baseName: "max_pooling1d",
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
        eachSample(group, (of) => k.maxPoolForward(of.y, N, of.x, x.stride, ...windows, N, 0, 0)),
      backward(group) {
        if (!dx) return;
        eachSample(group, (of) =>
          k.maxPoolBackward(of.dx, dx.stride, of.dy, N, of.y, N, of.x, x.stride, ...windows, N),
        );
      },
    };
  },
} satisfies LayerKind<MaxPooling1dLayer>;

/** The largest of each window, feature by feature: (B, T, features) → (B, T', features). Keras's MaxPooling1D. */
export const maxPooling1d = (config: PoolingConfig = {}): MaxPooling1dLayer =>
  describeLayer("maxPooling1d", maxPooling1dKind.options, config);
