/**
 * What a model that reads text keeps in its file's `__metadata__`, beside what the format itself has
 * there (model-file.ts), so that one file is all that predict needs. Values are strings:
 *
 * | key          | value |
 * |--------------|-------|
 * | `vocabulary` | JSON of a Vocabulary: how text becomes ids; absent when only ids were known |
 * | `classes`    | JSON of two names, of class 0 and class 1 |
 * | `maxLen`     | ids in a row, decimal, at most MOST_STEPS |
 * | `dataset`    | name of the data set it was trained on |
 */

import { LstmkitError } from "../errors.ts";
import { JsonError, parseJson } from "../json.ts";
import type { Layer } from "../layers/public.ts";
import { isList, show } from "../options.ts";
import type { TextDataset } from "./dataset.ts";
import { checkVocabulary, isVocabulary, type Vocabulary } from "./vocabulary-options.ts";

/**
 * The longest row that a file may ask for. Nothing else in the file bears it out, and predict makes rows of that
 * length whatever the text: one takes 4 MB.
 */
export const MOST_STEPS = 1_000_000;

/** The entries, read and checked. */
export interface TextMetadata {
  /** The model's ids are below this; 0 where it takes no ids. */
  readonly inputDim: number;
  readonly vocabulary?: Vocabulary;
  readonly classes?: readonly [string, string];
  readonly maxLen?: number;
  readonly dataset?: string;
}

/**
 * Entries for save({ metadata }) of a model trained on this data set.
 *
 * @throws BAD_ARGUMENT for what is no data set, and for rows that are longer than a file may ask for
 */
export function textMetadata(dataset: TextDataset): Record<string, string> {
  checkDataset(dataset);
  return metadataOf({ ...dataset, maxLen: dataset.train.x.shape[1]! });
}

/** {@link textMetadata} of texts that are not held. @throws BAD_ARGUMENT */
export function metadataOf({
  name,
  vocabulary,
  classes,
  maxLen,
}: Pick<TextDataset, "name" | "vocabulary" | "classes"> & { readonly maxLen: number }): Record<
  string,
  string
> {
  if (!isSteps(maxLen)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the rows of ${show(name)} have ${maxLen} ids; a model file asks for 1 to ${MOST_STEPS}. Give the data set a maxLen.`,
    );
  }
  return {
    ...(vocabulary ? { vocabulary: JSON.stringify(vocabulary) } : {}),
    classes: JSON.stringify(classes),
    maxLen: String(maxLen),
    dataset: name,
  };
}

/** @throws BAD_ARGUMENT */
function checkDataset(dataset: unknown): void {
  const { name, vocabulary, classes, train } = Object(dataset) as Partial<TextDataset>;
  if (typeof name !== "string" || !isClasses(classes) || !isList(train?.x?.shape)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the data set is ${show(dataset)}; wanted one that datasetFromTexts(), imdbFromNpz() or the like made.`,
    );
  }
  if (vocabulary !== undefined) checkVocabulary(vocabulary);
}

/** What a loaded model knows of the texts that it was trained on. */
export interface TextModel {
  readonly layers: readonly Layer[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The entries of a loaded model. A maxLen stands in the vocabulary that is given back, too.
 *
 * @throws BAD_ARGUMENT for what is no model; BAD_MODEL_FILE when an entry is damaged, or does not go with the others and the model
 */
export function readTextMetadata(model: TextModel): TextMetadata {
  checkModel(model);
  const { layers, metadata } = model;
  const first = layers.find(({ type }) => type !== "input");
  const inputDim = first?.type === "embedding" ? first.inputDim : 0;
  const { dataset } = metadata;
  const classes = parsed(metadata, "classes", isClasses, "two names");
  const maxLen = parsed(metadata, "maxLen", isSteps, `a whole number from 1 to ${MOST_STEPS}`);
  const found = parsed(metadata, "vocabulary", isKeptVocabulary, "words and how they are numbered");
  if (found && !fits(found, inputDim)) {
    throw damaged(
      "vocabulary",
      `has ids up to ${largestId(found)} and numWords ${found.numWords}; ids are below numWords, and that is at most the embedding's inputDim, ${inputDim}`,
    );
  }
  if (found) checkWords(found.words);
  if (found && maxLen !== undefined && (found.maxLen ?? maxLen) !== maxLen) {
    throw damaged("vocabulary", `cuts texts to ${found.maxLen} ids, and maxLen is ${maxLen}`);
  }
  const vocabulary = found && maxLen !== undefined ? { ...found, maxLen } : found;
  return {
    inputDim,
    ...(vocabulary ? { vocabulary } : {}),
    ...(classes ? { classes } : {}),
    ...(maxLen === undefined ? {} : { maxLen }),
    ...(dataset === undefined ? {} : { dataset }),
  };
}

/** @throws BAD_ARGUMENT */
function checkModel(model: unknown): void {
  const { layers, metadata } = Object(model) as Partial<Record<keyof TextModel, unknown>>;
  if (Array.isArray(layers) && typeof metadata === "object" && metadata !== null) return;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `the model is ${show(model)}; wanted one that runtime.load() gave, or its layers and metadata.`,
  );
}

/** A word that stands twice would have two ids, and an empty one stands in no text. */
function checkWords(words: readonly string[]): void {
  const seen = new Set<string>();
  for (const word of words) {
    if (word === "") throw damaged("vocabulary", "has an empty word");
    if (seen.has(word)) throw damaged("vocabulary", `has the word ${show(word)} twice`);
    seen.add(word);
  }
}

function parsed<T>(
  metadata: Readonly<Record<string, string>>,
  key: string,
  is: (value: unknown) => value is T,
  wanted: string,
): T | undefined {
  const json = metadata[key];
  if (json === undefined) return undefined;
  let value: unknown;
  try {
    value = parseJson(json);
  } catch (cause) {
    const reason = cause instanceof JsonError ? cause.message : String(cause);
    throw damaged(key, `is ${show(json)}, which ${reason}; wanted ${wanted}`);
  }
  if (!is(value)) throw damaged(key, `is ${show(value)}; wanted ${wanted}`);
  return value;
}

function damaged(key: string, found: string): LstmkitError {
  return new LstmkitError(
    "BAD_MODEL_FILE",
    `the file's metadata "${key}" ${found}. Copy the file again, or train the model again.`,
  );
}

const isSteps = (value: unknown): value is number => isSize(value) && value <= MOST_STEPS;
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 1;

function isClasses(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((name) => typeof name === "string");
}

function isKeptVocabulary(value: unknown): value is Vocabulary {
  return isVocabulary(value) && (value.maxLen === undefined || isSteps(value.maxLen));
}

function largestId({ words, indexFrom, startChar, oovChar }: Vocabulary): number {
  return Math.max(words.length === 0 ? 0 : indexFrom + words.length, startChar ?? 0, oovChar ?? 0);
}

function fits(vocabulary: Vocabulary, inputDim: number): boolean {
  return vocabulary.numWords <= inputDim && largestId(vocabulary) < vocabulary.numWords;
}
