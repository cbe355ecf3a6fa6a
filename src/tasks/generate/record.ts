/** What a generator keeps in its model's file: the vocabulary, and what training said of it. */
import type { Model } from "../../index.ts";
import { show } from "../../options.ts";
import { damaged, readTask, type TaskRecord } from "../task-file.ts";
import type { GenerateBaseline } from "./baselines.ts";
import { type Unit, Vocabulary } from "./tokens.ts";

/** What `fit` gives, and what the file keeps. */
export interface GenerateReport {
  readonly unit: Unit;
  /** Tokens of each part; the validation part is the end of the text. */
  readonly tokens: { readonly train: number; readonly validation: number };
  /** Tokens that are known. */
  readonly vocabulary: number;
  /** Share of the validation part that is not. */
  readonly unknown: number;
  /** Passes begun and batches done. */
  readonly epochs: number;
  readonly batches: number;
  /** Bits a token: of the last stretch of training, and on the validation part, null where nothing was validated. */
  readonly bits: { readonly train: number; readonly validation: number | null };
  /** On the same validation part. */
  readonly baselines: readonly GenerateBaseline[];
}

interface GenerateRecord extends TaskRecord {
  readonly task: "generate";
  readonly unit: Unit;
  /** A string of all of them where they are characters. */
  readonly vocabulary: string | readonly string[];
  /** Whether training had tokens that are not in the vocabulary, so that the model has read such. */
  readonly readsUnknown: boolean;
  /** The token that a text without a prompt begins behind. */
  readonly first: string;
  readonly report: GenerateReport;
}

/** What is read of a record. */
export interface GeneratorFacts {
  readonly vocabulary: Vocabulary;
  readonly readsUnknown: boolean;
  readonly first: string;
  readonly report: GenerateReport;
}

/** The record of a generator, plain data. */
export function recordOf({ vocabulary, readsUnknown, first, report }: GeneratorFacts): GenerateRecord {
  const { unit, tokens } = vocabulary;
  return {
    task: "generate",
    version: 1,
    unit,
    vocabulary: unit === "characters" ? tokens.join("") : tokens,
    ...{ readsUnknown, first, report },
  };
}

/** @throws BAD_MODEL_FILE for a model of another task, of none, or whose record contradicts its layers */
export function readRecord(model: Model): GeneratorFacts {
  const record = readTask(model) as Partial<GenerateRecord> | undefined;
  if (record?.task !== "generate") {
    const found = record ? `names the task ${show(record.task)}` : "is not there";
    throw damaged(`${found}; wanted a file of train --task generate, or of generator().save()`);
  }
  if (record.version !== 1) throw damaged(`has the version ${show(record.version)}; this release reads 1`);
  const { unit, vocabulary: kept, readsUnknown, first, report } = record;
  const tokens = typeof kept === "string" ? [...kept] : kept;
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  if (
    (unit !== "characters" && unit !== "words") ||
    !Array.isArray(tokens) ||
    !tokens.every(isText) ||
    typeof readsUnknown !== "boolean" ||
    !isText(first) ||
    !isReport(report)
  ) {
    throw damaged("lacks what a generator keeps");
  }
  const vocabulary = new Vocabulary(unit, tokens);
  const [reads, writes] = [model.layers[0], model.layers.at(-1)];
  const isRead = reads?.type === "embedding" && reads.inputDim === vocabulary.size;
  const isWritten =
    writes?.type === "dense" && writes.units === vocabulary.size && writes.activation === "softmax";
  if (!isRead || !isWritten) throw damaged(`has ${tokens.length} tokens, and the model's layers have others`);
  return { vocabulary, readsUnknown, first: first!, report: report! };
}

function isReport(report: unknown): report is GenerateReport {
  const { tokens, bits, baselines, vocabulary, unknown, epochs, batches } = Object(
    report,
  ) as Partial<GenerateReport>;
  const isNumber = (value: unknown) => typeof value === "number";
  return (
    [tokens?.train, tokens?.validation, bits?.train, vocabulary, unknown, epochs, batches].every(isNumber) &&
    (bits?.validation === null || isNumber(bits?.validation)) &&
    Array.isArray(baselines) &&
    baselines.every((one) => typeof Object(one).name === "string" && isNumber(Object(one).bits))
  );
}
