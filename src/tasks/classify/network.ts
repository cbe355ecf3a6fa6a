/** The network of a classifier, and what it is compiled with. */
import type { LabelKind } from "../../data/labelled/set.ts";
import {
  bidirectional,
  type CompileOptions,
  dense,
  dropout,
  embedding,
  globalAveragePooling1d,
  globalMaxPooling1d,
  gru,
  type Layer,
  lstm,
  masking,
} from "../../index.ts";
import { type Encoding, MASK } from "./encode.ts";
import type { ClassifySettings } from "./settings.ts";

/** Embedding, or numbers, masked where lengths differ; recurrent layers; what of their outputs is read; a unit a class. */
export function layersOf(
  settings: ClassifySettings,
  { vocabulary, features, fold, masked }: Encoding,
  classes: number,
  labels: LabelKind,
): Layer[] {
  const { units, layers, pooling, dropout: rate } = settings;
  const width = features.length * fold;
  const isPooled = labels !== "steps" && pooling !== "last";
  const recurrent = (i: number): Layer => {
    const isFirst = !vocabulary && !masked && i === 0;
    const options = {
      units,
      recurrentDropout: settings.recurrentDropout,
      returnSequences: labels === "steps" || isPooled || i < layers - 1,
      ...(isFirst && !settings.bidirectional && { inputShape: [null, width] as const }),
    };
    const layer = settings.cell === "lstm" ? lstm(options) : gru(options);
    return settings.bidirectional
      ? bidirectional({ layer, ...(isFirst && { inputShape: [null, width] as const }) })
      : layer;
  };
  return [
    ...(vocabulary
      ? [embedding({ inputDim: vocabulary.numWords, outputDim: settings.embedding!, maskZero: true })]
      : masked
        ? [masking({ maskValue: MASK, inputShape: [null, width] })]
        : []),
    ...Array.from({ length: layers }, (_, i) => [
      recurrent(i),
      ...(rate > 0 ? [dropout({ rate })] : []),
    ]).flat(),
    ...(isPooled ? [pooling === "max" ? globalMaxPooling1d() : globalAveragePooling1d()] : []),
    dense({ units: classes, activation: labels === "many" ? "sigmoid" : "softmax" }),
  ];
}

/** @param batches of an epoch */
export function compileOptions(
  { learningRate, epochs }: ClassifySettings,
  labels: LabelKind,
  batches: number,
): CompileOptions {
  return {
    optimizer: {
      name: "adam",
      learningRate: {
        schedule: "cosineDecay",
        initialLearningRate: learningRate,
        decaySteps: epochs * batches,
      },
      globalClipnorm: 1,
    },
    loss: labels === "many" ? "binaryCrossentropy" : "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  };
}
