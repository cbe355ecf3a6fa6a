/** What a classifier keeps in its model's file, and how it is read again: by anybody who may have written it. */
import {
  LABEL_KINDS,
  type LabelKind,
  type SequenceColumns,
  type SequenceInput,
} from "../../data/labelled/set.ts";
import { isVocabulary } from "../../data/vocabulary-options.ts";
import type { Layer, Model } from "../../index.ts";
import { damaged, readTask, type TaskRecord } from "../task-file.ts";
import type { Encoding } from "./encode.ts";
import type { Scaling } from "./numbers.ts";
import type { ClassifyReport } from "./report.ts";
import { SCALINGS } from "./settings.ts";

/** What is known besides the weights. */
export interface ClassifierFacts {
  readonly labels: LabelKind;
  readonly classes: readonly string[];
  readonly encoding: Encoding;
  /** The columns of the data it was trained on. */
  readonly columns: SequenceColumns;
  readonly report: ClassifyReport;
}

interface ClassifyRecord extends TaskRecord, ClassifierFacts {}

const VERSION = 1;

/** More classes have a table of confusions that is not kept: it grows with their square. */
const MOST_CONFUSED = 200;

export function recordOf(facts: ClassifierFacts): ClassifyRecord {
  const { test } = facts.report;
  const { confusion, ...others } = test ?? {};
  const isKept = confusion && confusion.length <= MOST_CONFUSED;
  const kept = test && { ...others, ...(isKept && { confusion }) };
  return {
    task: "classify",
    version: VERSION,
    ...facts,
    report: { ...facts.report, test: kept as ClassifyReport["test"] },
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");
const isFinites = (value: unknown, length: number): value is number[] =>
  Array.isArray(value) && value.length === length && value.every((one) => Number.isFinite(one));
const isWhole = (value: unknown, most: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most;

/** Steps and words that a file may ask for. */
const MOST_LEN = 1_000_000;
const INPUTS: readonly SequenceInput[] = ["text", "tokens", "numbers"];

/**
 * The facts of a loaded classifier.
 *
 * @throws BAD_MODEL_FILE for another task, a plain model, and for a record that is damaged or of another model
 */
export function readRecord(model: Model): ClassifierFacts {
  const record = readTask(model) as Partial<ClassifyRecord> | undefined;
  if (record === undefined) throw damaged('is missing; wanted a model of the task "classify"');
  if (record.task !== "classify") throw damaged(`is ${record.task}; wanted classify`);
  if (record.version !== VERSION)
    throw damaged(`has the version ${record.version}; wanted ${VERSION}, or a newer lstmkit`);
  const { labels, classes, encoding, columns, report } = record;
  if (!LABEL_KINDS.includes(labels as LabelKind)) throw damaged("says not what its labels are of");
  if (!isStrings(classes) || classes.length < 2 || new Set(classes).size !== classes.length) {
    throw damaged("has no two classes with names of their own");
  }
  if (!isObject(columns) || !isStrings(Object.values(columns))) throw damaged("has no names of columns");
  if (!isObject(report) || !isObject(report.parts) || !Array.isArray(report.findings))
    throw damaged("has no report");
  checkEncoding(encoding, labels as LabelKind);
  checkLayers(model.layers, encoding as Encoding, classes.length, labels as LabelKind);
  return { labels, classes, encoding, columns, report } as ClassifierFacts;
}

function checkEncoding(given: unknown, labels: LabelKind): void {
  if (!isObject(given)) throw damaged("does not say how sequences are read");
  const { input, features, vocabulary, scaling, fold, maxLen, masked } = given;
  if (!INPUTS.includes(input as SequenceInput) || !isStrings(features))
    throw damaged("does not say what sequences are made of");
  if (!isWhole(fold, MOST_LEN) || !isWhole(maxLen, MOST_LEN) || typeof masked !== "boolean")
    throw damaged("has lengths that are none");
  if (labels === "steps" && (input === "text" || fold !== 1))
    throw damaged("has labels of steps that there are not");
  if (input === "numbers") {
    if (features.length === 0 || vocabulary !== undefined || !isScaling(scaling, features.length))
      throw damaged("has no scaling of its features");
  } else if (scaling !== undefined || features.length > 0 || !masked || !isVocabulary(vocabulary))
    throw damaged("has no vocabulary");
}

function isScaling(value: unknown, features: number): value is Scaling {
  if (!isObject(value)) return false;
  const { kind, means, deviations } = value as Partial<Record<keyof Scaling, unknown>>;
  return (
    SCALINGS.includes(kind as Scaling["kind"]) &&
    isFinites(means, features) &&
    isFinites(deviations, features) &&
    deviations.every((deviation) => deviation > 0)
  );
}

function checkLayers(layers: readonly Layer[], encoding: Encoding, classes: number, labels: LabelKind): void {
  const [first, last] = [layers[0], layers.at(-1)];
  const activation = labels === "many" ? "sigmoid" : "softmax";
  if (last?.type !== "dense" || last.units !== classes || last.activation !== activation) {
    throw damaged(`has ${classes} classes, and the model does not end in as many units with ${activation}`);
  }
  if (encoding.vocabulary) {
    const { numWords, words, indexFrom, startChar, oovChar } = encoding.vocabulary;
    const most = Math.max(indexFrom + words.length, startChar ?? 0, oovChar ?? 0);
    if (first?.type !== "embedding" || !first.maskZero || numWords > first.inputDim || most >= numWords) {
      throw damaged("has a vocabulary, and the model does not begin with its embedding");
    }
    return;
  }
  const width = encoding.features.length * encoding.fold;
  const shape = Object(first).inputShape as unknown;
  const fits = Array.isArray(shape) && shape.length === 2 && shape[0] === null && shape[1] === width;
  if (!fits || (first?.type === "masking") !== encoding.masked) {
    throw damaged(`has ${width} numbers a step, and the model does not begin with as many`);
  }
}
