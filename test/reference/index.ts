/** The reference of every kind of layer, loss, metric and optimiser: one line each. */
import type { Layer } from "../../src/layers/public.ts";
import type { LossConfig } from "../../src/losses/index.ts";
import type { METRICS, MetricConfig } from "../../src/metrics/index.ts";
import type { OptimizerConfig } from "../../src/optimizers/index.ts";
import {
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from "./accuracy.ts";
import { adagradStep } from "./adagrad.ts";
import { auc } from "./auc.ts";
import { bidirectionalReference } from "./bidirectional.ts";
import { f1Score, precision, recall } from "./confusion.ts";
import { conv1dReference } from "./conv1d.ts";
import {
  categoricalCrossentropyLogits,
  categoricalCrossentropyProbabilities,
  sparseCategoricalCrossentropyLogits,
  sparseCategoricalCrossentropyProbabilities,
} from "./crossentropy.ts";
import { activationReference, denseReference } from "./dense.ts";
import { dropoutReference } from "./dropout.ts";
import { embeddingReference } from "./embedding.ts";
import { gaussianNegativeLogLikelihood } from "./gaussian.ts";
import { gruReference } from "./gru.ts";
import { huber } from "./huber.ts";
import { inputReference } from "./input.ts";
import type { LossReference, MetricReference, OptimizerStep, ReferenceKind } from "./kind.ts";
import { layerNormLstmReference } from "./layer-norm-lstm.ts";
import { layerNormalizationReference } from "./layer-normalization.ts";
import { lionStep } from "./lion.ts";
import { logCosh } from "./log-cosh.ts";
import { crossentropyFromLogits, crossentropyFromProbabilities, smoothed } from "./loss.ts";
import { lstmReference } from "./lstm.ts";
import { maskingReference } from "./masking.ts";
import { meanAbsoluteError } from "./mean-absolute-error.ts";
import { meanAbsolutePercentageError } from "./mean-absolute-percentage-error.ts";
import { meanSquaredError } from "./mean-squared-error.ts";
import { minGruReference } from "./min-gru.ts";
import { minLstmReference } from "./min-lstm.ts";
import { nadamStep } from "./nadam.ts";
import { adamMoments, adamStep } from "./optimizer.ts";
import { peepholeLstmReference } from "./peephole-lstm.ts";
import {
  averagePoolingReference,
  globalAveragePoolingReference,
  globalMaxPoolingReference,
  maxPoolingReference,
} from "./pooling.ts";
import { quantile } from "./quantile.ts";
import { r2Score } from "./r2-score.ts";
import { flattenReference, repeatVectorReference } from "./reshaping.ts";
import { rmspropState, rmspropStep } from "./rmsprop.ts";
import { simpleRnnReference } from "./rnn.ts";
import { rateOf } from "./schedules.ts";
import { sgdStep } from "./sgd.ts";
import { timeDistributedReference } from "./time-distributed.ts";

export const REFERENCES: { readonly [K in Layer["type"]]: ReferenceKind<Extract<Layer, { type: K }>> } = {
  input: inputReference,
  embedding: embeddingReference,
  masking: maskingReference,
  lstm: lstmReference,
  gru: gruReference,
  simpleRNN: simpleRnnReference,
  minGRU: minGruReference,
  minLSTM: minLstmReference,
  layerNormLSTM: layerNormLstmReference,
  peepholeLSTM: peepholeLstmReference,
  bidirectional: bidirectionalReference((layer) => referenceOf(layer) as never),
  layerNormalization: layerNormalizationReference,
  dropout: dropoutReference,
  dense: denseReference,
  activation: activationReference,
  conv1d: conv1dReference,
  maxPooling1d: maxPoolingReference,
  averagePooling1d: averagePoolingReference,
  globalMaxPooling1d: globalMaxPoolingReference,
  globalAveragePooling1d: globalAveragePoolingReference,
  flatten: flattenReference,
  repeatVector: repeatVectorReference,
  timeDistributed: timeDistributedReference((layer) => referenceOf(layer) as never),
};

export const referenceOf = (layer: Layer): ReferenceKind<Layer> =>
  REFERENCES[layer.type] as ReferenceKind<Layer>;

export const LOSS_REFERENCES: {
  readonly [K in LossConfig["name"]]: LossReference<Extract<LossConfig, { name: K }>>;
} = {
  binaryCrossentropy: {
    from: "sigmoid",
    ofLogits: (z, t, _, { labelSmoothing }) => crossentropyFromLogits(z, smoothed(t, labelSmoothing)),
    ofOutputs: (p, t, _, { labelSmoothing }) => crossentropyFromProbabilities(p, smoothed(t, labelSmoothing)),
  },
  categoricalCrossentropy: {
    from: "softmax",
    ofLogits: (z, t, units, { labelSmoothing }) =>
      categoricalCrossentropyLogits(z, smoothed(t, labelSmoothing, units), units),
    ofOutputs: (p, t, units, { labelSmoothing }) =>
      categoricalCrossentropyProbabilities(p, smoothed(t, labelSmoothing, units), units),
  },
  sparseCategoricalCrossentropy: {
    from: "softmax",
    ofLogits: sparseCategoricalCrossentropyLogits,
    ofOutputs: sparseCategoricalCrossentropyProbabilities,
  },
  meanSquaredError: { ofOutputs: meanSquaredError },
  meanAbsoluteError: { ofOutputs: meanAbsoluteError },
  huber: { ofOutputs: (y, t, _, { delta }) => huber(y, t, delta) },
  logCosh: { ofOutputs: logCosh },
  quantile: { ofOutputs: (y, t, _, { quantiles = [0.5] }) => quantile(y, t, quantiles) },
  gaussianNegativeLogLikelihood: {
    ofOutputs: (y, t, _, { epsilon }) => gaussianNegativeLogLikelihood(y, t, epsilon),
  },
};

export const lossReferenceOf = (loss: LossConfig): LossReference =>
  LOSS_REFERENCES[loss.name] as LossReference;

/** The options of a metric, all of them. */
type MetricOptions<K> = Required<Extract<MetricConfig, { name: K }>>;

export const METRIC_REFERENCES: {
  readonly [K in keyof typeof METRICS]: MetricReference<MetricOptions<K>>;
} = {
  binaryAccuracy: (y, t, _, logits, { threshold: p }) =>
    binaryAccuracy(y, t, logits ? Math.log(p / (1 - p)) : p),
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  topKCategoricalAccuracy: (y, t, units, _, { k }) => topKCategoricalAccuracy(y, t, units, k),
  sparseTopKCategoricalAccuracy: (y, t, units, _, { k }) => sparseTopKCategoricalAccuracy(y, t, units, k),
  precision: (y, t, units, _, options) => precision(y, t, units, options),
  recall: (y, t, units, _, options) => recall(y, t, units, options),
  f1Score: (y, t, units, _, options) => f1Score(y, t, units, options),
  auc: (y, t, _, __, options) => auc(y, t, options),
  meanSquaredError: (y, t) => meanSquaredError(y, t).loss,
  rootMeanSquaredError: (y, t) => Math.sqrt(meanSquaredError(y, t).loss),
  meanAbsoluteError: (y, t) => meanAbsoluteError(y, t).loss,
  meanAbsolutePercentageError: (y, t) => meanAbsolutePercentageError(y, t),
  r2Score: (y, t, units, _, options) => r2Score(y, t, units, options),
};

/** An optimiser's options with the rate of a step. */
const at = <C extends OptimizerConfig>(options: C, step: number, rate: number) => ({
  ...options,
  learningRate: rateOf(options.learningRate ?? rate, step),
});

const adamOf = (
  options: Extract<OptimizerConfig, { name: "adam" | "adamw" }>,
  size: number,
): OptimizerStep => {
  const moments = adamMoments(size);
  return (w, dw, step, squares) => adamStep(w, moments, dw, step, at(options, step, 1e-3), squares);
};

/** The step of one tensor of so many weights, which keeps what it has to. */
export const OPTIMIZER_REFERENCES: {
  readonly [K in OptimizerConfig["name"]]: (
    options: Extract<OptimizerConfig, { name: K }>,
    size: number,
  ) => OptimizerStep;
} = {
  adam: adamOf,
  adamw: adamOf,
  sgd(options, size) {
    const m = new Float64Array(size);
    return (w, dw, step) => sgdStep(w, m, dw, at(options, step, 0.01));
  },
  rmsprop(options, size) {
    const state = rmspropState(size);
    return (w, dw, step, squares) => rmspropStep(w, state, dw, at(options, step, 1e-3), squares);
  },
  nadam(options, size) {
    const moments = adamMoments(size);
    return (w, dw, step, squares) => nadamStep(w, moments, dw, step, at(options, step, 1e-3), squares);
  },
  adagrad(options, size) {
    const a = new Float64Array(size);
    return (w, dw, step, squares) => adagradStep(w, a, dw, at(options, step, 1e-3), squares);
  },
  lion(options, size) {
    const m = new Float64Array(size);
    return (w, dw, step) => lionStep(w, m, dw, at(options, step, 1e-3));
  },
};

/** Their learning rates and decays where nothing is said. */
export const optimizerDefaults = (name: OptimizerConfig["name"]) => ({
  learningRate: name === "sgd" ? 0.01 : 1e-3,
  weightDecay: name === "adamw" ? 0.004 : 0,
});
