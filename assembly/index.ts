/**
 * The ABI: every export, by file. Pointers are byte offsets into the imported memory,
 * 16-byte aligned; sizes are counted in elements; f32 throughout. Kernels never allocate, keep no
 * state and import nothing but the memory, so any number of instances may share one.
 */

export { binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy } from "./accuracy";
export {
  categoricalCrossentropyLogits,
  categoricalCrossentropyProbabilities,
  sparseCategoricalCrossentropyLogits,
  sparseCategoricalCrossentropyProbabilities,
} from "./crossentropy";
export { activationBackward, activationForward } from "./dense";
export { dropElements, dropoutBackward, dropoutForward, recurrentDropout } from "./dropout";
export { addRows, embeddingBackward, embeddingForward } from "./embedding";
export { clear, packColumns, packPanels, packPanelsTransposed, packRows, product, sumPanels } from "./gemm";
export { gruBackward, gruBeforeBackward, gruBeforeForward, gruForward } from "./gru";
export { layerNormLstmBackward, layerNormLstmForward } from "./layer-norm-lstm";
export { layerNormBackward, layerNormForward } from "./layer-normalization";
export { bceLogits, bceProbabilities, sumFloats, sumInts } from "./loss";
export { lstmBackward, lstmForward } from "./lstm";
export { clearMasked, leadingMasked } from "./mask";
export { meanAbsoluteError } from "./mean-absolute-error";
export { meanSquaredError } from "./mean-squared-error";
export { copyRows, mergeRows, mergeRowsBackward } from "./merge";
export { minGruBackward, minGruForward } from "./min-gru";
export { minLstmBackward, minLstmForward } from "./min-lstm";
export { adam, allFinite, peak, sumShards } from "./optimizer";
export { peepholeLstmBackward, peepholeLstmForward } from "./peephole-lstm";
export { dropoutKeep, normal, orthogonal, philox, shuffle, uniform } from "./random";
export { rnnBackward, rnnForward } from "./rnn";
export { sgd } from "./sgd";
export { mapCosTurns, mapExp, mapLog, mapSigmoid, mapTanh } from "./simd";
export { softmaxBackward, softmaxForward } from "./softmax";
export { weighRows } from "./weigh-rows";
