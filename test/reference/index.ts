/** The reference of every kind of layer, loss, metric and optimiser: one line each. */
import type { Layer } from "../../src/layers/public.ts";
import type { LossConfig } from "../../src/losses/index.ts";
import type { METRICS } from "../../src/metrics/index.ts";
import type { AdamConfig } from "../../src/optimizers/adam.ts";
import type { OptimizerConfig } from "../../src/optimizers/index.ts";
import type { SgdConfig } from "../../src/optimizers/sgd.ts";
import { binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy } from "./accuracy.ts";
import { bidirectionalReference } from "./bidirectional.ts";
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
import { inputReference } from "./input.ts";
import type { LossReference, MetricReference, OptimizerStep, ReferenceKind } from "./kind.ts";
import { layerNormLstmReference } from "./layer-norm-lstm.ts";
import { layerNormalizationReference } from "./layer-normalization.ts";
import { crossentropyFromLogits, crossentropyFromProbabilities } from "./loss.ts";
import { lstmReference } from "./lstm.ts";
import { maskingReference } from "./masking.ts";
import { meanAbsoluteError } from "./mean-absolute-error.ts";
import { meanSquaredError } from "./mean-squared-error.ts";
import { minGruReference } from "./min-gru.ts";
import { minLstmReference } from "./min-lstm.ts";
import { adamMoments, adamStep } from "./optimizer.ts";
import { peepholeLstmReference } from "./peephole-lstm.ts";
import { simpleRnnReference } from "./rnn.ts";
import { sgdStep } from "./sgd.ts";

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

export const METRIC_REFERENCES: { readonly [K in keyof typeof METRICS]: MetricReference } = {
  binaryAccuracy: (y, t, _, logits) => binaryAccuracy(y, t, logits ? 0 : 0.5),
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  meanAbsoluteError: (y, t) => meanAbsoluteError(y, t).loss,
  meanSquaredError: (y, t) => meanSquaredError(y, t).loss,
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
