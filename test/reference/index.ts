/** The reference of every kind of layer, loss, metric and optimiser: one line each. */
import type { Layer } from "../../src/layers/public.ts";
import type { LossConfig } from "../../src/losses/index.ts";
import type { METRICS, MetricConfig } from "../../src/metrics/index.ts";
import type { AdamConfig } from "../../src/optimizers/adam.ts";
import type { OptimizerConfig } from "../../src/optimizers/index.ts";
import type { SgdConfig } from "../../src/optimizers/sgd.ts";
import {
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from "./accuracy.ts";
import { auc } from "./auc.ts";
import { bidirectionalReference } from "./bidirectional.ts";
import { f1Score, precision, recall } from "./confusion.ts";
import {
  categoricalCrossentropyLogits,
  categoricalCrossentropyProbabilities,
  sparseCategoricalCrossentropyLogits,
  sparseCategoricalCrossentropyProbabilities,
} from "./crossentropy.ts";
import { denseReference } from "./dense.ts";
import { dropoutReference } from "./dropout.ts";
import { embeddingReference } from "./embedding.ts";
import { gruReference } from "./gru.ts";
import type { LossReference, MetricReference, OptimizerStep, ReferenceKind } from "./kind.ts";
import { layerNormalizationReference } from "./layer-normalization.ts";
import { crossentropyFromLogits, crossentropyFromProbabilities } from "./loss.ts";
import { lstmReference } from "./lstm.ts";
import { meanAbsoluteError } from "./mean-absolute-error.ts";
import { meanAbsolutePercentageError } from "./mean-absolute-percentage-error.ts";
import { meanSquaredError } from "./mean-squared-error.ts";
import { adamMoments, adamStep } from "./optimizer.ts";
import { r2Score } from "./r2-score.ts";
import { simpleRnnReference } from "./rnn.ts";
import { sgdStep } from "./sgd.ts";

export const REFERENCES: { readonly [K in Layer["type"]]: ReferenceKind<Extract<Layer, { type: K }>> } = {
  embedding: embeddingReference,
  lstm: lstmReference,
  gru: gruReference,
  simpleRNN: simpleRnnReference,
  bidirectional: bidirectionalReference((layer) => referenceOf(layer) as never),
  layerNormalization: layerNormalizationReference,
  dropout: dropoutReference,
  dense: denseReference,
};

export const referenceOf = (layer: Layer): ReferenceKind<Layer> =>
  REFERENCES[layer.type] as ReferenceKind<Layer>;

export const LOSS_REFERENCES: { readonly [K in LossConfig["name"]]: LossReference } = {
  binaryCrossentropy: {
    from: "sigmoid",
    ofLogits: crossentropyFromLogits,
    ofOutputs: crossentropyFromProbabilities,
  },
  categoricalCrossentropy: {
    from: "softmax",
    ofLogits: categoricalCrossentropyLogits,
    ofOutputs: categoricalCrossentropyProbabilities,
  },
  sparseCategoricalCrossentropy: {
    from: "softmax",
    ofLogits: sparseCategoricalCrossentropyLogits,
    ofOutputs: sparseCategoricalCrossentropyProbabilities,
  },
  meanSquaredError: { ofOutputs: meanSquaredError },
  meanAbsoluteError: { ofOutputs: meanAbsoluteError },
};

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

/** The step of one tensor of so many weights, which keeps what it has to. */
export const OPTIMIZER_REFERENCES: {
  readonly [K in OptimizerConfig["name"]]: (
    options: Extract<OptimizerConfig, { name: K }>,
    size: number,
  ) => OptimizerStep;
} = {
  adam({ learningRate = 1e-3, ...options }: AdamConfig, size) {
    const moments = adamMoments(size);
    return (w, dw, step, squares) => adamStep(w, moments, dw, step, { learningRate, ...options }, squares);
  },
  sgd({ learningRate = 0.01, ...options }: SgdConfig, size) {
    const m = new Float64Array(size);
    return (w, dw) => sgdStep(w, m, dw, { learningRate, ...options });
  },
};
