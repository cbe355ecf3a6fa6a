/** Model files of classifiers, as predict and evaluate find them. */
import { stat } from "node:fs/promises";
import { isSequencePath, sequencesFromFile } from "../data/labelled/files.ts";
import type { SequenceOptions } from "../data/labelled/options.ts";
import type { SequenceSet } from "../data/labelled/set.ts";
import { loadSequences } from "../data/load-sequences-node.ts";
import { readBytes } from "../disk/disk-node.ts";
import { decodeSafetensors } from "../formats/safetensors.ts";
import type { ClassifierReads } from "../tasks/index.ts";
import { inputText } from "./standard-input.ts";

/** The bytes of a classifier's file; undefined for any other, and for what cannot be read, which is for others to say. */
export async function classifierBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readBytes(path);
    const { task = "" } = decodeSafetensors(bytes).metadata;
    return /"task"\s*:\s*"classify"/.test(task) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an argument is the path of something with sequences rather than a text: by its name, or as it is a folder. */
export async function isDataPath(argument: string): Promise<boolean> {
  if (isSequencePath(argument) && !/\s/.test(argument)) return true;
  const found = await stat(argument).catch(() => undefined);
  return found !== undefined && (found.isDirectory() || isSequencePath(argument));
}

/** How the data to come are read: as those of the training, but for what is asked. */
export function readingFor(
  { labels, features, columns, input }: ClassifierReads,
  asked: SequenceOptions,
): SequenceOptions {
  const { each, ...named } = columns;
  const isSteps = input === "numbers" && (each === "file" || columns.id !== undefined);
  return {
    labels,
    ...named,
    ...(each && asked.id === undefined && { each }),
    ...(isSteps && { features }),
    ...asked,
  };
}

/** The sequences of a path, or of the standard input as a CSV file. */
export async function sequencesAt(path: string, options: SequenceOptions): Promise<SequenceSet> {
  if (path === "-")
    return sequencesFromFile("input.csv", await inputText(options.encoding), withoutEncoding(options));
  return (await loadSequences(path, options)).train;
}

const withoutEncoding = ({ encoding: _, ...others }: SequenceOptions): SequenceOptions => others;
