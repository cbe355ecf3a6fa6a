/** Sequences with classes, whatever file they came from: what readers give, and what a classifier learns from. */
import { LstmkitError } from "../../errors.ts";
import { isList, show } from "../../options.ts";
import type { Finding } from "../series/series.ts";

/**
 * What the labels are of: `one` class a sequence; `many`, any number of them a sequence; `steps`, a class for each of
 * its steps.
 */
export type LabelKind = "one" | "many" | "steps";
export const LABEL_KINDS: readonly LabelKind[] = ["one", "many", "steps"];

/** What a step is: a word of a text, a token that was cut elsewhere, or one or more numbers. */
export type SequenceInput = "text" | "tokens" | "numbers";

/** The columns that a set was read from, by their names; the file of a model keeps them for the data to come. */
export interface SequenceColumns {
  readonly text?: string;
  readonly label?: string;
  readonly id?: string;
  readonly time?: string;
  readonly group?: string;
  /** Where each file was one sequence. */
  readonly each?: "file";
}

/** Sequences and their classes. Plain data: it may be written by hand. */
export interface SequenceSet {
  readonly input: SequenceInput;
  /** Null where none are known: data to predict. */
  readonly labels: LabelKind | null;
  /** Names of a step's numbers, in their order; none for texts and tokens. */
  readonly features: readonly string[];
  /**
   * A string each; or a list of tokens; or numbers, step by step, as many a step as there are features, NaN for what is
   * missing.
   */
  readonly sequences: readonly (string | readonly string[] | Float64Array)[];
  /** Of each sequence its class's name; or names; or a name for each step. Empty where labels is null. */
  readonly targets: readonly (string | readonly string[])[];
  /** Where each stands, for messages: `line 3`, `walk/1.csv`. */
  readonly places: readonly string[];
  /** Sequences of one group stay on one side when a test part is taken, such as those of one person. */
  readonly groups?: readonly string[];
  readonly columns?: SequenceColumns;
  readonly findings: readonly Finding[];
}

/** Steps of a sequence of numbers or tokens; words of a text are counted by who cuts them. */
export function stepsOf(set: SequenceSet, i: number): number {
  const { length } = set.sequences[i]!;
  return set.input === "numbers" ? length / set.features.length : length;
}

/** What a program may give in place of a set: the same, with what can be told from the rest left out. */
export interface LooseSequenceSet {
  readonly input?: SequenceInput;
  readonly labels?: LabelKind | null;
  readonly features?: readonly string[];
  /** Strings; lists of strings; lists of numbers; or lists of steps, each a list of numbers. */
  readonly sequences: ArrayLike<
    string | ArrayLike<string> | ArrayLike<number> | ArrayLike<ArrayLike<number>>
  >;
  readonly targets?: ArrayLike<string | number | ArrayLike<string | number>>;
  readonly places?: readonly string[];
  readonly groups?: readonly string[];
  readonly columns?: SequenceColumns;
  readonly findings?: readonly Finding[];
}

/**
 * A set as it has to be: what a reader gave as it is, what a program wrote completed and checked.
 *
 * @throws BAD_ARGUMENT for what is no set; BAD_SHAPE for lengths that differ; BAD_VALUE for what is no number or text
 */
export const sequenceSet = (given: LooseSequenceSet): SequenceSet => checkedSet(given, "sequenceSet()");

/** Lists that are longer are none that memory holds. */
const MOST = 2 ** 28;

/**
 * {@link sequenceSet} for a call.
 *
 * @param call as its user knows it, such as `fit()`
 * @throws BAD_ARGUMENT for what is no set; BAD_SHAPE for lengths that differ; BAD_VALUE for what is no number or text
 */
export function checkedSet(given: LooseSequenceSet, call: string): SequenceSet {
  const isSet = typeof given === "object" && given !== null && isList(given.sequences);
  if (!isSet || given.sequences.length > MOST) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${call} was given ${show(given)} for its data; wanted an object with sequences, and targets where there are classes.`,
    );
  }
  const all = Array.from(given.sequences as ArrayLike<unknown>);
  const input = given.input ?? inputOf(all[0]);
  if (input !== "text" && input !== "tokens" && input !== "numbers") {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${call}: input is ${show(input)}; wanted "text", "tokens" or "numbers".`,
    );
  }
  const features = featuresOf(given, all, input);
  const places = given.places ?? all.map((_, i) => `sequence ${i + 1}`);
  const sequences = all.map((found, i) => {
    if (input === "numbers") return numbersOf(found, features.length, places[i]!);
    if (input === "tokens") return stringsOf(found, places[i]!);
    if (typeof found === "string") return found;
    throw new LstmkitError(
      "BAD_VALUE",
      `${places[i]} is ${show(found)}; wanted a string, as the others are.`,
    );
  });
  const isLabelled = given.targets !== undefined && given.labels !== null;
  const targets = isLabelled ? Array.from(given.targets!, targetOf) : [];
  const labels = isLabelled ? (given.labels ?? guessedKind(targets)) : null;
  if (labels !== null && !LABEL_KINDS.includes(labels)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${call}: labels is ${show(labels)}; wanted "one", "many" or "steps".`,
    );
  }
  const set: SequenceSet = {
    ...{ input, labels, features, sequences, targets, places },
    ...(given.groups && { groups: given.groups.map(String) }),
    ...(given.columns && { columns: given.columns }),
    findings: given.findings ?? [],
  };
  checkLengths(set);
  return set;
}

function inputOf(first: unknown): SequenceInput {
  if (typeof first === "string") return "text";
  return isList(first) && typeof first[0] === "string" ? "tokens" : "numbers";
}

function featuresOf(
  given: LooseSequenceSet,
  all: readonly unknown[],
  input: SequenceInput,
): readonly string[] {
  if (input !== "numbers") return [];
  if (given.features && given.features.length > 0) return given.features.map(String);
  const some = all.find((one): one is ArrayLike<unknown> => isList(one) && one.length > 0);
  const first = some?.[0];
  return Array.from({ length: isList(first) ? first.length : 1 }, (_, f) => String(f + 1));
}

function numbersOf(found: unknown, features: number, place: string): Float64Array {
  const refused = (what: string) =>
    new LstmkitError(
      "BAD_SHAPE",
      `${place} has ${what}; wanted steps of ${features} ${features === 1 ? "number" : "numbers"} each, as the others have.`,
    );
  if (!isList(found)) throw refused(show(found));
  if (found.length === 0) return new Float64Array(0);
  if (!isList(found[0])) {
    if (found.length % features !== 0) throw refused(`${found.length} numbers`);
    return Float64Array.from(found as ArrayLike<unknown>, (value) => finite(value, place));
  }
  const values = new Float64Array(found.length * features);
  for (let t = 0; t < found.length; t++) {
    const step = found[t];
    if (!isList(step) || step.length !== features) throw refused(`${show(step)} at step ${t + 1}`);
    for (let f = 0; f < features; f++) values[t * features + f] = finite(step[f], place);
  }
  return values;
}

/** NaN stands for what is missing. */
function finite(value: unknown, place: string): number {
  if (typeof value === "number" && (Number.isFinite(value) || Number.isNaN(value))) return value;
  throw new LstmkitError(
    "BAD_VALUE",
    `${place} has ${show(value)}; wanted finite numbers, NaN for one that is missing.`,
  );
}

function stringsOf(found: unknown, place: string): readonly string[] {
  const tokens =
    isList(found) && typeof found !== "string" ? Array.from(found as ArrayLike<unknown>) : undefined;
  if (tokens?.every((token) => typeof token === "string")) return tokens as string[];
  throw new LstmkitError("BAD_VALUE", `${place} is ${show(found)}; wanted a list of strings, a token each.`);
}

function targetOf(found: unknown, i: number): string | readonly string[] {
  const name = (value: unknown): string => {
    if (typeof value === "string" || (typeof value === "number" && Number.isFinite(value)))
      return String(value);
    throw new LstmkitError(
      "BAD_LABEL",
      `target ${i + 1} is ${show(value)}; wanted a class's name, or a list of them.`,
    );
  };
  return isList(found) && typeof found !== "string"
    ? Array.from(found as ArrayLike<unknown>, name)
    : name(found);
}

function guessedKind(targets: readonly (string | readonly string[])[]): LabelKind {
  if (targets.every((target) => typeof target === "string")) return "one";
  throw new LstmkitError(
    "BAD_ARGUMENT",
    'the targets are lists of names; say whether these are several labels of a sequence (labels: "many") or a label for each of its steps (labels: "steps").',
  );
}

/** @throws BAD_SHAPE */
function checkLengths(set: SequenceSet): void {
  const { sequences, targets, labels, places, groups } = set;
  const wanted = sequences.length;
  for (const [what, found] of Object.entries({
    ...(labels && { targets }),
    places,
    ...(groups && { groups }),
  })) {
    if (found.length !== wanted) {
      throw new LstmkitError(
        "BAD_SHAPE",
        `${wanted} sequences, but ${found.length} ${what}; wanted one a sequence.`,
      );
    }
  }
  const isList = labels === "many" || labels === "steps";
  for (const [i, target] of targets.entries()) {
    if ((typeof target === "string") === isList) {
      throw new LstmkitError(
        "BAD_SHAPE",
        `${places[i]} has the target ${show(target)}; wanted ${isList ? "a list of names" : "one name"}, since labels is ${show(labels)}.`,
      );
    }
    if (labels !== "steps" || set.input === "text") continue;
    const steps = stepsOf(set, i);
    if (target.length !== steps) {
      throw new LstmkitError(
        "BAD_SHAPE",
        `${places[i]} has ${steps} steps, but ${target.length} targets; wanted one a step.`,
      );
    }
  }
  if (labels === "steps" && set.input === "text") {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      'labels: "steps" is for tokens and numbers; the sequences are texts, whose words are not cut yet. Give lists of tokens.',
    );
  }
}
