/** lstmkit/tasks: from data to an answer. Built on the public model and nothing else. */

export {
  type ClassifierReads,
  type ClassifyData,
  type ClassifyFitOptions,
  type ClassifyPrediction,
  classifier,
  loadClassifier,
  type SequenceClassifier,
} from "./classify/classifier.ts";
export type { ClassifyProgress } from "./classify/learn.ts";
export type {
  CalibrationBin,
  ClassifyEpoch,
  ClassifyEvaluation,
  ClassifyParts,
  ClassifyReport,
  ClassifyStart,
  ClassResult,
  ClassScores,
  PartCounts,
} from "./classify/report.ts";
export type { ClassifierOptions, ClassifySettings, ScalingKind } from "./classify/settings.ts";
export {
  type DetectEvaluateOptions,
  type DetectEvaluation,
  type DetectFitOptions,
  type Detector,
  type DetectPredictOptions,
  detector,
  loadDetector,
} from "./detect/detector.ts";
export type { DetectProgress } from "./detect/learn.ts";
export type { DetectReport } from "./detect/record.ts";
export type { DetectorOptions } from "./detect/settings.ts";
export type { DetectOptions, DetectRow, DetectState, DetectStream } from "./detect/stream.ts";
export type { DetectResult, WatchState } from "./detect/watch.ts";
export type {
  BacktestOptions,
  ForecastFitOptions,
  ForecastOptions,
  ForecastProgress,
} from "./forecast/calls.ts";
export { type Forecaster, forecaster, loadForecaster } from "./forecast/forecaster.ts";
export type {
  Backtest,
  BacktestStep,
  Baseline,
  BaselineName,
  Candidate,
  Coverage,
  Forecast,
  ForecastModel,
  ForecastReport,
  ForecastRow,
  Interval,
  PartReport,
  Scores,
  SeriesForecast,
  TestReport,
} from "./forecast/report.ts";
export type { Center, ForecasterOptions, Normalization } from "./forecast/settings.ts";
export type { GenerateBaseline } from "./generate/baselines.ts";
export {
  type GenerateData,
  type GenerateEvaluation,
  type GenerateFitOptions,
  type GenerateStart,
  generator,
  loadGenerator,
  type TextGenerator,
} from "./generate/generator.ts";
export type { GenerateProgress, GenerateValidation } from "./generate/learn.ts";
export type { GenerateReport } from "./generate/record.ts";
export type { GeneratorOptions } from "./generate/settings.ts";
export type { GenerateOptions } from "./generate/write.ts";
export { readTask, type TaskName, type TaskRecord } from "./task-file.ts";
