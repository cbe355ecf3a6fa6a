/** Jobs, which the same code runs in a thread here and in a worker anywhere, and what they leave behind. All is plain data. */
import { type ErrorCode, LstmkitError } from "../../errors.ts";
import type { EpochRecord, Metrics, TaskName } from "./measures.ts";

/** Data of a job: a file or a folder, known by what it holds. */
export interface DataFile {
  /** Absolute, on the machine of who made the job; or an address. */
  readonly place: string;
  /** SHA-256 of its content; of a folder that of the names and contents in it. */
  readonly sha256: string;
  readonly bytes: number;
  readonly isFolder: boolean;
}

/** Words of a command line; a number stands for the path of that one of the job's data. */
export type Word = string | { readonly data: number; readonly flag?: string };

interface AnyJob {
  /** Within its sweep. */
  readonly id: string;
  /** Of the lstmkit that made it, see build(). */
  readonly build: string;
  readonly data: readonly DataFile[];
  readonly words: readonly Word[];
}

/** A training run, or a part of one. */
export interface TrialJob extends AnyJob {
  readonly kind: "trial";
  readonly task: TaskName;
  /** Of the trial, under which its state and its model are kept. */
  readonly trial: string;
  /** Stop behind this epoch, from 1, and keep the state; null to go to the end. */
  readonly pauseAt: number | null;
  /** Whether the model is wanted. */
  readonly model: boolean;
}

/** A piece of what is to be predicted. */
export interface ScoreJob extends AnyJob {
  readonly kind: "score";
  /** Bytes of the data file of this number that the command reads as its input; of none where words name it. */
  readonly input: { readonly data: number; readonly from: number; readonly to: number } | null;
}

export type Job = TrialJob | ScoreJob;

/** What a trial ended with. */
export interface TrialResult {
  readonly kind: "trial";
  /** Of the model's weights; null where it was stopped behind pauseAt. */
  readonly digest: string | null;
  /** Epochs that were trained. */
  readonly epochs: number;
  readonly metrics: Metrics;
  /** Of training, as far as this job did it. */
  readonly seconds: number;
}

/** What a piece gave: the bytes are among the blobs, under its id. */
export interface ScoreResult {
  readonly kind: "score";
  readonly bytes: number;
  readonly seconds: number;
}

export type JobResult = TrialResult | ScoreResult;

/** A failure as data. */
export interface Failure {
  readonly code: ErrorCode | "UNEXPECTED";
  readonly message: string;
}

/** What was thrown, from what was kept of it. */
export const errorOf = ({ code, message }: Failure): Error =>
  code === "UNEXPECTED" ? new Error(message) : new LstmkitError(code, message);

export function failureOf(error: unknown): Failure {
  if (error instanceof LstmkitError) {
    return { code: error.code, message: error.message.slice(error.code.length + 2) };
  }
  return {
    code: "UNEXPECTED",
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

/** The state of a trial that was stopped, or that is under way. */
export interface TrialState {
  readonly epochs: EpochRecord;
  /** A checkpoint of train; none where the task keeps none, and the trial begins anew. */
  readonly checkpoint: Uint8Array | null;
}

/** Bytes that jobs leave for others, by name: a folder here, or the queue's server. */
export interface Blobs {
  get(name: string): Promise<Uint8Array | null>;
  put(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
}

export const stateName = (trial: string) => `${trial}.state`;
export const modelName = (trial: string) => `${trial}.model`;
export const outputName = (job: string) => `${job}.output`;

/**
 * Failures that come again wherever and whenever the same job is run. Others, such as a file that is not there or memory
 * that is short, may not.
 */
const FINAL: readonly string[] = [
  "BAD_ARGUMENT",
  "BAD_CSV",
  "BAD_DATASET",
  "BAD_INDEX",
  "BAD_LABEL",
  "BAD_LAYER",
  "BAD_MODEL_FILE",
  "BAD_NPZ",
  "BAD_PICKLE",
  "BAD_PLAN",
  "BAD_SERIES",
  "BAD_SHAPE",
  "BAD_TEXT",
  "BAD_VALUE",
  "LOSS_NOT_FINITE",
  "NO_VOCABULARY",
];

export const isFinal = ({ code }: { readonly code: string }): boolean => FINAL.includes(code);
