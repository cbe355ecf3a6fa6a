/**
 * The ABI: every export, by file. Pointers are byte offsets into the imported memory,
 * 16-byte aligned; sizes are counted in elements; f32 throughout. Kernels never allocate, keep no
 * state but what setTile says and import nothing but the memory, so any number of instances may share one.
 */

export {
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from "./accuracy";
export { adagrad } from "./adagrad";
export { adam } from "./adam";
export {
  categoricalCrossentropyLogits,
  categoricalCrossentropyProbabilities,
  sparseCategoricalCrossentropyLogits,
  sparseCategoricalCrossentropyProbabilities,
} from "./crossentropy";
export { activationBackward, activationForward } from "./dense";
export { dropElements, dropoutBackward, dropoutForward, recurrentDropout } from "./dropout";
export { cosElements, expElements, logElements, sinElements } from "./elementary";
export { addRows, embeddingBackward, embeddingForward, limitPlaces } from "./embedding";
export { gaussianNegativeLogLikelihood } from "./gaussian";
export {
  clear,
  packColumns,
  packPanels,
  packPanelsTransposed,
  packRows,
  product,
  setTile,
  sumPanels,
} from "./gemm";
export { gruBackward, gruBeforeBackward, gruBeforeForward, gruForward } from "./gru";
export { huber } from "./huber";
export { packPanelsInt8, packRowsInt8, productInt8 } from "./integer";
export { layerNormLstmBackward, layerNormLstmForward } from "./layer-norm-lstm";
export { layerNormBackward, layerNormForward } from "./layer-normalization";
export { lion } from "./lion";
export { logCosh } from "./log-cosh";
export { bceLogits, bceProbabilities, sumFloats, sumInts } from "./loss";
export { lstmBackward, lstmForward } from "./lstm";
export { clearMasked, leadingMasked } from "./mask";
export { meanAbsoluteError } from "./mean-absolute-error";
export { meanAbsolutePercentageError } from "./mean-absolute-percentage-error";
export { meanSquaredError } from "./mean-squared-error";
export { copyRows, mergeRows, mergeRowsBackward } from "./merge";
export { sumByThreshold, sumConfusion, sumConfusionByUnit, sumDeviations, sumValues } from "./metric-sums";
export { minGruBackward, minGruForward } from "./min-gru";
export { minLstmBackward, minLstmForward } from "./min-lstm";
export { nadam } from "./nadam";
export { allFinite, average, decay, limit, peak, scale, sumShards, sumSquares } from "./optimizer";
export { peepholeLstmBackward, peepholeLstmForward } from "./peephole-lstm";
export { penalty, penaltyBackward } from "./penalty";
export {
  averagePoolBackward,
  averagePoolForward,
  globalMaxBackward,
  maxPoolBackward,
  maxPoolForward,
} from "./pooling";
export { quantile } from "./quantile";
export { dropoutKeep, normal, orthogonal, philox, projectOut, shuffle, uniform } from "./random";
export { rmsprop } from "./rmsprop";
export { rnnBackward, rnnForward } from "./rnn";
export { sgd } from "./sgd";
export { flushFaint, mapCosTurns, mapExp, mapLog, mapLog1p, mapSigmoid, mapTanh } from "./simd";
export { softmaxBackward, softmaxForward } from "./softmax";
export { weighRows } from "./weigh-rows";
export { weighTarget } from "./weigh-target";
export { zoneout, zoneoutMean } from "./zoneout";
