/** lstmkit: train and run LSTMs anywhere JavaScript runs. */
export { browserCheckpoints } from "./browser-checkpoints.ts";
export * from "./callbacks/index.ts";
export { type PadOptions, padSequences, type Side } from "./data/sequences.ts";
export { readTextMetadata, type TextMetadata, textMetadata } from "./data/text-metadata.ts";
export { type ErrorCode, LstmkitError } from "./errors.ts";
export type { StateValue } from "./formats/training-state.ts";
export * from "./layers/public.ts";
export type { BinaryCrossentropyConfig } from "./losses/binary-crossentropy.ts";
export type { CategoricalCrossentropyConfig } from "./losses/categorical-crossentropy.ts";
export type { GaussianNegativeLogLikelihoodConfig } from "./losses/gaussian-negative-log-likelihood.ts";
export type { HuberConfig } from "./losses/huber.ts";
export type { LossConfig } from "./losses/index.ts";
export type { LogCoshConfig } from "./losses/log-cosh.ts";
export type { MeanAbsoluteErrorConfig } from "./losses/mean-absolute-error.ts";
export type { MeanSquaredErrorConfig } from "./losses/mean-squared-error.ts";
export type { QuantileConfig } from "./losses/quantile.ts";
export type { SparseCategoricalCrossentropyConfig } from "./losses/sparse-categorical-crossentropy.ts";
export type { AucConfig } from "./metrics/auc.ts";
export type { BinaryAccuracyConfig } from "./metrics/binary-accuracy.ts";
export type { F1ScoreConfig } from "./metrics/f1-score.ts";
export type { MetricConfig, MetricName } from "./metrics/index.ts";
export type { PrecisionConfig } from "./metrics/precision.ts";
export type { R2ScoreConfig } from "./metrics/r2-score.ts";
export type { RecallConfig } from "./metrics/recall.ts";
export type { SparseTopKCategoricalAccuracyConfig } from "./metrics/sparse-top-k-categorical-accuracy.ts";
export type { TopKCategoricalAccuracyConfig } from "./metrics/top-k-categorical-accuracy.ts";
export type { CompileOptions } from "./model/compile.ts";
export type { GroupStep } from "./model/group-step.ts";
export type { AdagradConfig } from "./optimizers/adagrad.ts";
export type { AdamConfig, AdamOptions } from "./optimizers/adam.ts";
export type { AdamwConfig } from "./optimizers/adamw.ts";
export type { OptimizerConfig } from "./optimizers/index.ts";
export type { LionConfig } from "./optimizers/lion.ts";
export type { NadamConfig } from "./optimizers/nadam.ts";
export type { RmspropConfig } from "./optimizers/rmsprop.ts";
export type {
  CosineDecay,
  CosineDecayRestarts,
  ExponentialDecay,
  InverseTimeDecay,
  LearningRateSchedule,
  PiecewiseConstantDecay,
  PolynomialDecay,
} from "./optimizers/schedules.ts";
export type { SgdConfig } from "./optimizers/sgd.ts";
export type { SharedConfig as OptimizerOptions } from "./optimizers/shared.ts";
export type {
  ElementwiseName,
  ModelBytes,
  ModelOptions,
  Runtime,
  RuntimeInfo,
  RuntimeOptions,
} from "./runtime.ts";
export type { NamedTensor, Tensor, TensorData } from "./tensor.ts";
export type { CallbackState, CheckpointStore, FitCheckpoint, ResumedFrom } from "./train/checkpoint.ts";
export type { Group } from "./train/group.ts";
export type { Inputs, SampleWeights, Targets } from "./train/inputs.ts";
export type {
  BatchLogs,
  Callback,
  EpochLogs,
  EvaluateOptions,
  FitContext,
  FitOptions,
  GradientFlow,
  History,
  LayerGradientFlow,
  LayerTrace,
  Logs,
  Model,
  PredictOptions,
  QuantizeOptions,
  ReadOptions,
  SaveOptions,
  Trace,
} from "./train/model.ts";
export { quantize } from "./train/quantize.ts";
export type { Batches, BatchSequence, BatchSource, SampleBatch } from "./train/sample-batch.ts";
export { type RunIdentity, type StagedRun, type StagedRunOptions, stagedRun } from "./train/staged-run.ts";
export type { Step, StepInput, Stream, StreamOptions, StreamState } from "./train/stream.ts";
export type { KernelSource } from "./wasm/kernels.ts";
export { createRuntime, type SpawnOptions, spawnRuntime } from "./web.ts";
export { transfer } from "./worker/parcel.ts";
