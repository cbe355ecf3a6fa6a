/**
 * What a task keeps in its model's file, in `__metadata__` beside what the format itself has there: one entry, `task`,
 * which is JSON with the task's name in it. The model in the file is a plain one, which `load()` opens as well.
 */
import { LstmkitError } from "../errors.ts";
import type { Model } from "../index.ts";
import { JsonError, parseJson } from "../json.ts";
import { show } from "../options.ts";

/** The tasks that there are, as they are called in files and on the command line. */
export const TASKS = ["forecast", "classify", "detect", "generate"] as const;

/** A task by its name. */
export type TaskName = (typeof TASKS)[number];

/** What a task keeps; JSON but for its name and its version. */
export interface TaskRecord {
  readonly task: TaskName;
  /** Of the record's form, from 1. */
  readonly version: number;
}

/** Entries for save({ metadata }). */
export function taskMetadata(record: TaskRecord): Record<string, string> {
  return { task: JSON.stringify(record) };
}

/**
 * The task that a loaded model was trained for; undefined for a plain model. What else is in the record is for the task
 * to check.
 *
 * @throws BAD_MODEL_FILE where the entry is damaged
 */
export function readTask(model: Pick<Model, "metadata">): TaskRecord | undefined {
  const json = model.metadata.task;
  if (json === undefined) return undefined;
  let record: unknown;
  try {
    record = parseJson(json);
  } catch (cause) {
    throw damaged(cause instanceof JsonError ? cause.message : String(cause));
  }
  const { task, version } = Object(record) as Partial<TaskRecord>;
  if (!TASKS.includes(task as TaskName))
    throw damaged(`names the task ${show(task)}, not ${TASKS.join(", ")}`);
  if (!Number.isSafeInteger(version)) throw damaged(`has the version ${show(version)}, not a whole number`);
  return record as TaskRecord;
}

/** For an entry that cannot be, whatever the task. */
export function damaged(found: string): LstmkitError {
  return new LstmkitError(
    "BAD_MODEL_FILE",
    `the file's metadata "task" ${found}. Copy the file again, or train the model again.`,
  );
}
