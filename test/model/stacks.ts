/** Models to try, small and awkward. */
import {
  activation,
  averagePooling1d,
  bidirectional,
  conv1d,
  dense,
  dropout,
  embedding,
  flatten,
  globalAveragePooling1d,
  globalMaxPooling1d,
  gru,
  input,
  type Layer,
  layerNormalization,
  layerNormLSTM,
  lstm,
  masking,
  maxPooling1d,
  minGRU,
  minLSTM,
  peepholeLSTM,
  repeatVector,
  simpleRNN,
  timeDistributed,
} from "../../src/layers/public.ts";

import { normals, stepMask } from "../reference/sample.ts";

/** Ids are below it. */
export const V = 9;

/** Features (B, T, width), of which some steps are zeros where the stack masks those. */
export function featuresOf({ layers, features = 0 }: Stack, B: number, T: number): Float64Array {
  const mask = layers[0]?.type === "masking" ? stepMask(B, T) : undefined;
  return normals(B * T * features, 1).map((value, i) => value * (mask?.[Math.floor(i / features)] ?? 1));
}

export interface Stack {
  readonly name: string;
  readonly layers: Layer[];
  /** Of x, where the first layer is no embedding. */
  readonly features?: number;
  /** The only number of timesteps that it takes; any where it says none. */
  readonly T?: number;
  /** Of the inputs after the first: timesteps, where the first has T, and features of those that are no ids. */
  readonly more?: readonly { readonly steps: (T: number) => number; readonly features?: number }[];
  /** Predictions of a sample: units, times T where the head gets sequences. */
  readonly outputs: (T: number) => number;
}

/** Every kind of layer is in one of them: test/registry.test.ts holds that. */
export const STACKS: Stack[] = [
  {
    name: "embedding, two LSTMs with dropout, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      lstm({ units: 4, dropout: 0.5, returnSequences: true }),
      lstm({ units: 5, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "embedding, two RNNs with dropout, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 3 }),
      simpleRNN({ units: 12, dropout: 0.5, returnSequences: true }),
      simpleRNN({ units: 5, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "features, an LSTM that returns sequences, dense of three units, dense of two",
    layers: [
      lstm({ units: 5, returnSequences: true, inputShape: [null, 3] }),
      dense({ units: 3, activation: "tanh" }),
      dense({ units: 2 }),
    ],
    features: 3,
    outputs: (T) => 2 * T,
  },
  {
    name: "features with dropout on them, an RNN, an LSTM, dense with relu and with sigmoid, dense",
    layers: [
      simpleRNN({ units: 12, dropout: 0.5, returnSequences: true, inputShape: [null, 5] }),
      lstm({ units: 4, dropout: 0.5 }),
      dense({ units: 9, activation: "relu" }),
      dense({ units: 3, activation: "sigmoid" }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    features: 5,
    outputs: () => 1,
  },
  {
    name: "embedding, an LSTM with dropout that returns sequences, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 12 }),
      lstm({ units: 12, dropout: 0.5, returnSequences: true }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: (T) => T,
  },
  {
    name: "embedding, two GRUs with dropout, reset after and before, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      gru({ units: 5, dropout: 0.5, returnSequences: true }),
      gru({ units: 12, dropout: 0.25, resetAfter: false }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "embedding, bidirectional LSTM that returns sequences, bidirectional GRU, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      bidirectional({ layer: lstm({ units: 5, dropout: 0.5, returnSequences: true }) }),
      bidirectional({ layer: gru({ units: 4, dropout: 0.25 }), mergeMode: "sum" }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "features, layer normalizations before bidirectional layers of every mode, at every step",
    layers: [
      layerNormalization({ inputShape: [null, 3] }),
      bidirectional({ layer: simpleRNN({ units: 3, returnSequences: true }), mergeMode: "ave" }),
      layerNormalization({ scale: false }),
      bidirectional({ layer: gru({ units: 9, returnSequences: true, resetAfter: false }), mergeMode: "mul" }),
      layerNormalization({ center: false, epsilon: 0.5 }),
      dense({ units: 2 }),
    ],
    features: 3,
    outputs: (T) => 2 * T,
  },
  {
    name: "dropout of features, of an LSTM's outputs and of a row, hard sigmoid and softmax within",
    layers: [
      dropout({ rate: 0.25, inputShape: [null, 5] }),
      lstm({ units: 5, returnSequences: true }),
      dropout({ rate: 0.5 }),
      dense({ units: 9, activation: "hardSigmoid" }),
      gru({ units: 4 }),
      dropout({ rate: 0.5 }),
      dense({ units: 5, activation: "softmax" }),
      dense({ units: 1 }),
    ],
    features: 5,
    outputs: () => 1,
  },
  {
    name: "embedding that masks 0, an LSTM with dropped states and inputs, a GRU, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5, maskZero: true }),
      lstm({ units: 5, dropout: 0.25, recurrentDropout: 0.5, returnSequences: true }),
      gru({ units: 4, recurrentDropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "masked features, a bidirectional LSTM with dropped states, kinds that hand the mask on, at every step",
    layers: [
      masking({ inputShape: [null, 3] }),
      bidirectional({ layer: lstm({ units: 4, recurrentDropout: 0.5, returnSequences: true }) }),
      layerNormalization(),
      dropout({ rate: 0.25 }),
      gru({ units: 5, returnSequences: true, resetAfter: false, recurrentDropout: 0.25 }),
      dense({ units: 2 }),
    ],
    features: 3,
    outputs: (T) => 2 * T,
  },
  {
    name: "zoneout of an LSTM, a bidirectional GRU, an RNN and a GRU that begins as another ends, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      lstm({ units: 5, dropout: 0.25, zoneout: 0.25, zoneoutCell: 0.5, returnSequences: true }),
      bidirectional({
        layer: gru({ units: 4, recurrentDropout: 0.25, zoneout: 0.25, returnSequences: true }),
      }),
      simpleRNN({ units: 5, zoneout: 0.25, goBackwards: true, returnSequences: true }),
      gru({ units: 6, resetAfter: false, zoneout: 0.5, returnSequences: true, name: "one" }),
      gru({ units: 6, zoneout: 0.25, initialState: "one" }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "embedding and dense at every step, no recurrent layer",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      dense({ units: 9, activation: "tanh" }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: (T) => T,
  },
  {
    name: "features, an LSTM and an RNN without bias that gives the outputs",
    layers: [
      lstm({ units: 4, returnSequences: true, inputShape: [null, 3] }),
      bidirectional({ layer: simpleRNN({ units: 1, returnSequences: true }), mergeMode: "concat" }),
    ],
    features: 3,
    outputs: (T) => 2 * T,
  },
  {
    name: "features, a convolution, max pooling, an LSTM, dense",
    layers: [
      conv1d({ filters: 9, kernelSize: 3, padding: "same", activation: "tanh", inputShape: [null, 5] }),
      maxPooling1d({ padding: "same" }),
      lstm({ units: 5, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    features: 5,
    outputs: () => 1,
  },
  {
    name: "features, a causal convolution, an LSTM that returns sequences, poolings of the mean, dense",
    layers: [
      conv1d({ filters: 4, kernelSize: 2, dilationRate: 2, padding: "causal", inputShape: [null, 3] }),
      lstm({ units: 9, returnSequences: true }),
      averagePooling1d({ poolSize: 3, strides: 1, padding: "same" }),
      globalAveragePooling1d(),
      dense({ units: 2 }),
    ],
    features: 3,
    outputs: () => 2,
  },
  {
    name: "embedding, a convolution of every second step, the largest of all, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      conv1d({ filters: 12, kernelSize: 3, strides: 2, padding: "same", activation: "relu" }),
      globalMaxPooling1d(),
      dropout({ rate: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "features, an LSTM, a convolution, flattened, a row repeated for a GRU, dense at every step",
    layers: [
      lstm({ units: 5, returnSequences: true, inputShape: [6, 5] }),
      conv1d({ filters: 3, kernelSize: 3, useBias: false }),
      flatten(),
      dense({ units: 9, activation: "tanh" }),
      repeatVector({ n: 4 }),
      bidirectional({ layer: gru({ units: 4, dropout: 0.25, returnSequences: true }) }),
      timeDistributed({ layer: dropout({ rate: 0.5 }) }),
      timeDistributed({ layer: dense({ units: 1, activation: "sigmoid" }) }),
    ],
    features: 5,
    T: 6,
    outputs: () => 4,
  },
  {
    name: "embedding, distributed dense, activations by themselves, one of them last",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      timeDistributed({ layer: dense({ units: 9 }) }),
      activation({ activation: "tanh" }),
      dense({ units: 1 }),
      activation({ activation: "sigmoid" }),
    ],
    outputs: (T) => T,
  },
  {
    name: "embedding that masks, distributed dense, the mean of the steps that count, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5, maskZero: true }),
      timeDistributed({ layer: dense({ units: 9 }) }),
      activation({ activation: "tanh" }),
      globalAveragePooling1d({ keepdims: true }),
      flatten(),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "embedding that masks, the largest of the steps that count, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 9, maskZero: true }),
      layerNormalization(),
      globalMaxPooling1d(),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "embedding, a convolution that gives the outputs",
    layers: [
      embedding({ inputDim: V, outputDim: 9 }),
      conv1d({ filters: 1, kernelSize: 2, padding: "causal", activation: "sigmoid" }),
    ],
    outputs: (T) => T,
  },
  {
    name: "masked ids of two inputs with dropout, an LSTM begun by one that reads from the end, dense at every step",
    layers: [
      embedding({ inputDim: V, outputDim: 5, maskZero: true }),
      lstm({ units: 5, dropout: 0.25, recurrentDropout: 0.25, goBackwards: true, name: "encoder" }),
      input({ name: "decoder_input" }),
      embedding({ inputDim: V, outputDim: 4, maskZero: true }),
      lstm({ units: 5, dropout: 0.5, returnSequences: true, initialState: "encoder" }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    more: [{ steps: (T) => T + 2 }],
    outputs: (T) => T + 2,
  },
  {
    name: "features of past and future, GRUs of which one begins two and one begins one, dense",
    layers: [
      input({ name: "past", inputShape: [null, 3] }),
      gru({ units: 5, returnSequences: true, dropout: 0.25, name: "first" }),
      gru({ units: 4, returnSequences: true, resetAfter: false, name: "second" }),
      input({ name: "future", inputShape: [null, 2] }),
      gru({ units: 5, returnSequences: true, initialState: "first" }),
      gru({ units: 5, returnSequences: true, resetAfter: false, initialState: "first" }),
      gru({ units: 4, initialState: "second" }),
      dense({ units: 2 }),
    ],
    features: 3,
    more: [{ steps: (T) => T + 1, features: 2 }],
    outputs: () => 2,
  },
  {
    name: "three inputs, ids between features: RNNs that begin RNNs, of their own branch too",
    layers: [
      simpleRNN({ units: 9, inputShape: [null, 3], returnSequences: true, name: "a" }),
      simpleRNN({ units: 9, initialState: "a", name: "b" }),
      input({ name: "words" }),
      embedding({ inputDim: V, outputDim: 3 }),
      dropout({ rate: 0.25 }),
      simpleRNN({ units: 9, initialState: "b", name: "c" }),
      input({ name: "row", inputShape: [1, 4] }),
      simpleRNN({ units: 9, initialState: "c" }),
      dense({ units: 2 }),
    ],
    features: 3,
    more: [{ steps: (T) => 2 * T }, { steps: () => 1, features: 4 }],
    outputs: () => 2,
  },
  {
    name: "embedding, an LSTM that reads backwards with dropout, a GRU backwards, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      lstm({ units: 4, dropout: 0.5, returnSequences: true, goBackwards: true }),
      gru({ units: 5, goBackwards: true }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "embedding, a GRU that reads backwards by token, an RNN, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 12 }),
      gru({ units: 5, returnSequences: true, goBackwards: true }),
      simpleRNN({ units: 4, returnSequences: true }),
      dense({ units: 1 }),
    ],
    outputs: (T) => T,
  },
  {
    name: "embedding that masks 0, a GRU that reads backwards, dense at every step",
    layers: [
      embedding({ inputDim: V, outputDim: 5, maskZero: true }),
      gru({ units: 5, returnSequences: true, goBackwards: true }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: (T) => T,
  },
  {
    name: "embedding, a minGRU and a minLSTM with dropout, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      minGRU({ units: 5, dropout: 0.5, returnSequences: true }),
      minLSTM({ units: 12, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "features, bidirectional minLSTM and minGRU without bias, at every step",
    layers: [
      bidirectional({ layer: minLSTM({ units: 5, returnSequences: true }), inputShape: [null, 3] }),
      bidirectional({ layer: minGRU({ units: 4, useBias: false, returnSequences: true }), mergeMode: "sum" }),
      dense({ units: 2 }),
    ],
    features: 3,
    outputs: (T) => 2 * T,
  },
  {
    name: "embedding, an LSTM with peepholes and one with layer normalization, with dropout, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      peepholeLSTM({ units: 5, dropout: 0.5, returnSequences: true, peepholeInitializer: "randomUniform" }),
      layerNormLSTM({ units: 4, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "features, bidirectional LSTMs with layer normalization and with peepholes without bias, at every step",
    layers: [
      bidirectional({ layer: layerNormLSTM({ units: 5, returnSequences: true }), inputShape: [null, 3] }),
      bidirectional({
        layer: peepholeLSTM({ units: 12, useBias: false, returnSequences: true }),
        mergeMode: "mul",
      }),
      dense({ units: 2 }),
    ],
    features: 3,
    outputs: (T) => 2 * T,
  },
  {
    name: "masked ids of two inputs: minGRU, minLSTM, LSTMs with peepholes and layer normalization begin their like",
    layers: [
      embedding({ inputDim: V, outputDim: 5, maskZero: true }),
      minGRU({ units: 5, dropout: 0.25, returnSequences: true, name: "a" }),
      minLSTM({ units: 4, returnSequences: true, name: "b" }),
      peepholeLSTM({ units: 5, recurrentDropout: 0.25, returnSequences: true, name: "c" }),
      layerNormLSTM({ units: 4, goBackwards: true, name: "d" }),
      input({ name: "decoder_input" }),
      embedding({ inputDim: V, outputDim: 4, maskZero: true }),
      minGRU({ units: 5, returnSequences: true, initialState: "a" }),
      minLSTM({ units: 4, returnSequences: true, initialState: "b" }),
      peepholeLSTM({ units: 5, returnSequences: true, initialState: "c" }),
      layerNormLSTM({ units: 4, recurrentDropout: 0.25, returnSequences: true, initialState: "d" }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    more: [{ steps: (T) => T + 2 }],
    outputs: (T) => T + 2,
  },
];
