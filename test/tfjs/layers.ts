/** The layers of TensorFlow.js that ours are compared with: one line each. */
import * as tf from "@tensorflow/tfjs";
import type { PoolingLayer } from "../../src/layers/pooling.ts";
import type { Layer } from "../../src/layers/public.ts";

/** What a layer is made with beside its description. */
interface Given {
  readonly inputShape?: (number | null)[];
  /** In place of the layer's own unseeded draw. */
  readonly dropoutFunc: (ones: tf.Tensor, rate: number) => tf.Tensor;
}

type Make<L> = (layer: L, given: Given) => tf.layers.Layer;

// Every weight is set from outside, so all start as 0; activations are named, their defaults not being Keras's.
const zeros = { kernelInitializer: "zeros", biasInitializer: "zeros" } as const;

interface Recurrent {
  readonly units: number;
  readonly dropout: number;
  readonly returnSequences: boolean;
}

const recurrent = ({ units, dropout, returnSequences }: Recurrent, given: Given) =>
  ({
    ...given,
    ...zeros,
    units,
    useBias: true,
    recurrentInitializer: "zeros",
    activation: "tanh",
    dropout,
    recurrentDropout: 0,
    returnSequences,
  }) as const;

const windows = ({ poolSize, strides = poolSize, padding }: PoolingLayer) => ({ poolSize, strides, padding });

/** Cells that TensorFlow.js has not. */
type Beyond = "minGRU" | "minLSTM" | "layerNormLSTM" | "peepholeLSTM";

const LAYERS: { readonly [K in Exclude<Layer["type"], Beyond>]: Make<Extract<Layer, { type: K }>> } = {
  input: () => {
    throw new Error("TensorFlow.js has inputs in graphs alone.");
  },
  embedding: ({ inputDim, outputDim, maskZero }, { inputShape }) =>
    tf.layers.embedding({
      ...(inputShape && { inputShape }),
      inputDim,
      outputDim,
      embeddingsInitializer: "zeros",
      maskZero,
    }),
  masking: ({ maskValue }, { inputShape }) =>
    tf.layers.masking({ ...(inputShape && { inputShape }), maskValue }),
  dense: ({ units, activation, useBias }, { inputShape }) =>
    tf.layers.dense({ ...(inputShape && { inputShape }), ...zeros, units, useBias, activation }),
  lstm: (layer, given) =>
    tf.layers.lstm({ ...recurrent(layer, given), recurrentActivation: "sigmoid", unitForgetBias: false }),
  // The form with the reset before: TensorFlow.js refuses the other.
  gru: (layer, given) => tf.layers.gru({ ...recurrent(layer, given), recurrentActivation: "sigmoid" }),
  simpleRNN: (layer, given) => tf.layers.simpleRNN(recurrent(layer, given)),
  bidirectional: ({ layer, mergeMode }, { inputShape, ...given }) =>
    tf.layers.bidirectional({
      ...(inputShape && { inputShape }),
      layer: tfjsLayer(layer, given) as tf.RNN,
      mergeMode,
    }),
  // Its draw has no seed: at rate 0 it passes x on.
  dropout: ({ rate }, { inputShape }) => tf.layers.dropout({ ...(inputShape && { inputShape }), rate }),
  conv1d: ({ activation, kernelSize, filters, strides, padding, dilationRate, useBias }, { inputShape }) =>
    tf.layers.conv1d({
      ...(inputShape && { inputShape }),
      ...zeros,
      filters,
      kernelSize,
      strides,
      padding,
      dilationRate,
      useBias,
      activation,
    }),
  maxPooling1d: (layer, { inputShape }) =>
    tf.layers.maxPooling1d({ ...(inputShape && { inputShape }), ...windows(layer) }),
  averagePooling1d: (layer, { inputShape }) =>
    tf.layers.averagePooling1d({ ...(inputShape && { inputShape }), ...windows(layer) }),
  globalMaxPooling1d: (_, { inputShape }) =>
    tf.layers.globalMaxPooling1d({ ...(inputShape && { inputShape }) }),
  globalAveragePooling1d: (_, { inputShape }) =>
    tf.layers.globalAveragePooling1d({ ...(inputShape && { inputShape }) }),
  flatten: (_, { inputShape }) => tf.layers.flatten({ ...(inputShape && { inputShape }) }),
  repeatVector: ({ n }, { inputShape }) => tf.layers.repeatVector({ ...(inputShape && { inputShape }), n }),
  activation: ({ activation }, { inputShape }) =>
    tf.layers.activation({ ...(inputShape && { inputShape }), activation }),
  timeDistributed: ({ layer }, { inputShape, ...given }) =>
    tf.layers.timeDistributed({ ...(inputShape && { inputShape }), layer: tfjsLayer(layer, given) }),
  layerNormalization: ({ epsilon, center, scale }, { inputShape }) =>
    tf.layers.layerNormalization({ ...(inputShape && { inputShape }), epsilon, center, scale }),
};

export const tfjsLayer = (layer: Layer, given: Given): tf.layers.Layer =>
  (LAYERS[layer.type as Exclude<Layer["type"], Beyond>] as Make<Layer>)(layer, given);
