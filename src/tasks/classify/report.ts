/** What a classifier says of what it has learnt, and of data. Plain data: JSON holds all of it. */
import type { LabelKind, SequenceInput } from "../../data/labelled/set.ts";
import type { Finding } from "../../data/series/series.ts";
import type { ClassifySettings, ScalingKind } from "./settings.ts";

/** Shares from 0 to 1. Precision is 0 where a class was never answered, recall where it never was the truth. */
export interface ClassScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** A class, against all others. */
export interface ClassResult extends ClassScores {
  readonly name: string;
  /** Rows that are of it, that were answered with it, and that are both. */
  readonly support: number;
  readonly predicted: number;
  readonly right: number;
}

/** Answers whose probability lies from `from` to below `to` (the last to 1). */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** What they say on average, and the share of them that is right: equal, where the model knows what it knows. */
  readonly confidence: number;
  readonly accuracy: number;
}

/** How well answers fit data. A row is a sequence, or a step where labels are of steps. */
export interface ClassifyEvaluation {
  readonly labels: LabelKind;
  readonly sequences: number;
  readonly rows: number;
  readonly loss: number;
  /** Share of the rows that are right; with several labels, that have all their labels and no other. */
  readonly accuracy: number;
  /** With several labels: share of all single yes and no that is right. */
  readonly labelAccuracy?: number;
  /** What no network is needed for, such as the most frequent class for all. */
  readonly baselines: readonly { readonly name: string; readonly accuracy: number }[];
  readonly classes: readonly ClassResult[];
  /** Means over the classes that occur, in the truth or in the answers; weighted by their rows. */
  readonly macro: ClassScores;
  readonly weighted: ClassScores;
  /** With several labels: of all yes together. */
  readonly micro?: ClassScores;
  /** Rows of a class (the row) that were answered with another (the column); not with several labels. */
  readonly confusion?: readonly (readonly number[])[];
  /** The mean distance of confidence and accuracy in ten bins (expected calibration error). */
  readonly calibration: { readonly error: number; readonly bins: readonly CalibrationBin[] };
  /** Of texts and tokens: words that were read, and those among them that the model does not know. */
  readonly words?: { readonly read: number; readonly unknown: number };
}

/** What is in a part. */
export interface PartCounts {
  readonly sequences: number;
  readonly steps: number;
  /** Rows of each class, in the order of the classes. */
  readonly classes: readonly number[];
}

/** Sequences of each part. */
export interface ClassifyParts {
  readonly train: PartCounts;
  /** Null where none was set apart. */
  readonly validation: PartCounts | null;
  readonly test: PartCounts | null;
}

/** An epoch, as it went. */
export interface ClassifyEpoch {
  readonly loss: number;
  readonly accuracy: number;
  readonly valLoss?: number;
  readonly valAccuracy?: number;
}

/** What `fit` gives. */
export interface ClassifyReport {
  readonly input: SequenceInput;
  readonly labels: LabelKind;
  readonly classes: readonly string[];
  readonly parts: ClassifyParts;
  readonly settings: ClassifySettings;
  readonly parameters: number;
  /** Of numbers: the scaling that was taken, and those that were tried with their loss on the validation part. */
  readonly scaling?: {
    readonly kind: ScalingKind;
    readonly tried: readonly { readonly kind: ScalingKind; readonly valLoss: number }[];
  };
  readonly history: readonly ClassifyEpoch[];
  /** From 0; the epoch whose weights were taken. */
  readonly bestEpoch: number;
  /** What probabilities were softened by (above 1) or sharpened (below); 1 without `calibrate`. */
  readonly temperature: number;
  /** Of the test part, which nothing was chosen by; null where there is none. */
  readonly test: ClassifyEvaluation | null;
  /** What a reader of these numbers has to know about the data. */
  readonly findings: readonly Finding[];
}

/** What `fit` is about to do. */
export interface ClassifyStart {
  readonly input: SequenceInput;
  readonly labels: LabelKind;
  readonly classes: readonly string[];
  readonly parts: ClassifyParts;
  readonly settings: ClassifySettings;
  readonly parameters: number;
  readonly findings: readonly Finding[];
  /** The most frequent class, given as the answer to all of the test part; null without one. */
  readonly baseline: { readonly name: string; readonly accuracy: number } | null;
}
