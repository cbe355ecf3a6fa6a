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
export { readTask, type TaskName, type TaskRecord } from "./task-file.ts";
