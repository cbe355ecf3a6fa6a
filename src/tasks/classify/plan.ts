/** What is to be learnt: classes, parts, and how sequences are read, before anything is computed. */

import { list } from "../../data/classes.ts";
import type { LabelKind, SequenceSet } from "../../data/labelled/set.ts";
import { stepsOf } from "../../data/labelled/set.ts";
import type { Finding } from "../../data/series/series.ts";
import { cut } from "../../data/tokenize.ts";
import { LstmkitError } from "../../errors.ts";
import { show } from "../../options.ts";
import { classesOf, countClasses, labelsOf } from "./classes.ts";
import type { Encoding } from "./encode.ts";
import { countMissing, fitScaling } from "./numbers.ts";
import { contentKeys, setApart, strataOf } from "./parts.ts";
import type { ClassifyParts, PartCounts } from "./report.ts";
import {
  type ClassifySettings,
  type GivenOptions,
  SCALINGS,
  type ScalingKind,
  settingsFor,
} from "./settings.ts";
import { fitted, textVocabulary, tokenVocabulary } from "./words.ts";

/** A part of the data. */
export interface PlanPart {
  readonly set: SequenceSet;
  readonly labels: readonly Int32Array[];
}

export interface Plan {
  readonly labels: LabelKind;
  readonly classes: readonly string[];
  readonly train: PlanPart;
  readonly validation: PlanPart | null;
  readonly test: PlanPart | null;
  readonly counts: ClassifyParts;
  /** How sequences are read; of numbers with each scaling that is to be tried. */
  readonly encodings: readonly Encoding[];
  readonly weights: Readonly<Record<number, number>> | undefined;
  readonly options: GivenOptions;
  /** @param samples pieces of the training part */
  readonly settings: (samples: number) => ClassifySettings;
  readonly findings: readonly Finding[];
}

/** Fewer sequences are not enough to set some apart to stop by. */
const LEAST_TO_VALIDATE = 20;
const VALIDATION_SHARE = 0.15;
/** From so many on a tenth is enough. */
const MANY = 5000;

/** @throws BAD_LABEL, BAD_DATASET, BAD_ARGUMENT */
export function planOf(set: SequenceSet, test: SequenceSet | undefined, options: GivenOptions): Plan {
  const kind = set.labels ?? missingLabels();
  const n = set.sequences.length;
  if (n < 2) {
    throw new LstmkitError(
      "BAD_DATASET",
      `there ${n === 1 ? "is one sequence" : "are no sequences"}; wanted several of each class.${n === 1 && set.input === "numbers" ? " Where rows are steps of many sequences, say which column tells these apart (id, --id on the command line)." : ""}`,
    );
  }
  checkNotEmpty(set);
  const classes = classesOf(set);
  const all = { set, labels: labelsOf(set, classes, kind) };
  const findings = [...set.findings];
  const parts = partsOf(
    all,
    test && { set: test, labels: labelsIn(test, set, classes, kind) },
    options,
    findings,
  );
  const counts = {
    train: countsOf(parts.train, classes.length),
    validation: parts.validation && countsOf(parts.validation, classes.length),
    test: parts.test && countsOf(parts.test, classes.length),
  };
  const encodings = encodingsOf(parts.train.set, kind, options, parts.validation !== null, findings);
  findings.push(...cautions(classes, counts, kind));
  const weights = weightsOf(options.classWeight, classes, counts.train.classes, kind);
  const settings = (samples: number) => settingsFor(options, set.input, samples);
  return { labels: kind, classes, ...parts, counts, encodings, weights, options, settings, findings };
}

function missingLabels(): never {
  throw new LstmkitError(
    "BAD_LABEL",
    "the data have no labels; wanted the class of each sequence (targets), or a column of them (label, --label on the command line).",
  );
}

function checkNotEmpty(set: SequenceSet): void {
  const empty = set.sequences.findIndex((sequence) => typeof sequence !== "string" && sequence.length === 0);
  if (empty >= 0)
    throw new LstmkitError("BAD_DATASET", `${set.places[empty]} has no steps; wanted one at least.`);
}

function labelsIn(
  test: SequenceSet,
  train: SequenceSet,
  classes: readonly string[],
  kind: LabelKind,
): readonly Int32Array[] {
  if (test.sequences.length === 0)
    throw new LstmkitError("BAD_DATASET", "the test part has no sequence; wanted one at least.");
  checkNotEmpty(test);
  const isLike = test.input === train.input && test.features.length === train.features.length;
  if (!isLike) {
    throw new LstmkitError(
      "BAD_DATASET",
      `the test part is of ${test.input} with the features ${list(test.features)}, the training part of ${train.input} with ${list(train.features)}; wanted both alike.`,
    );
  }
  return labelsOf(test, classes, kind);
}

function take({ set, labels }: PlanPart, places: readonly number[]): PlanPart {
  const of = <T>(values: readonly T[]) => places.map((i) => values[i]!);
  return {
    set: {
      ...set,
      sequences: of(set.sequences),
      targets: of(set.targets),
      places: of(set.places),
      ...(set.groups && { groups: of(set.groups) }),
    },
    labels: of(labels),
  };
}

function partsOf(all: PlanPart, test: PlanPart | undefined, options: GivenOptions, findings: Finding[]) {
  const { set, labels } = all;
  const keys = contentKeys(set);
  const groups = set.groups ?? keys;
  const strata = set.groups
    ? labels.map(() => 0)
    : strataOf(
        labels,
        countClasses(labels, 1 + Math.max(...labels.map((own) => Math.max(-1, ...own)))),
        set.labels!,
      );
  const { seed, testSplit, validationSplit } = options;
  const places = set.sequences.map((_, i) => i);
  const first = test
    ? { kept: places, apart: [] }
    : setApart(places, groups, strata, { share: testSplit, seed, least: 2 });
  if (!test && first.apart.length === 0) {
    const [what, wanted] = set.groups
      ? ["groups", "several groups"]
      : ["different ones", "a class with two different sequences at least"];
    throw new LstmkitError(
      "BAD_DATASET",
      `${places.length} sequences, in all ${new Set(groups).size} ${what}, cannot be parted into training and test; wanted ${wanted}, or a test part of its own (test, --test on the command line).`,
    );
  }
  const share = validationSplit ?? shareToValidate(first.kept.length);
  const second =
    share === 0
      ? { kept: first.kept, apart: [] }
      : setApart(first.kept, groups, strata, { share, seed: (seed + 1) % 2 ** 32, least: 4 });
  if (test) {
    const known = new Set(keys);
    const overlap = contentKeys(test.set).filter((key) => known.has(key)).length;
    if (overlap > 0) {
      findings.push({
        code: "OVERLAP",
        count: overlap,
        message: `${overlap} of ${test.set.sequences.length} sequences of the test part are in the training part, too: what is measured on them is no surprise`,
      });
    }
  }
  return {
    train: take(all, second.kept),
    validation: second.apart.length > 0 ? take(all, second.apart) : null,
    test: test ?? take(all, first.apart),
  };
}

const shareToValidate = (n: number) => (n < LEAST_TO_VALIDATE ? 0 : n < MANY ? VALIDATION_SHARE : 0.1);

function countsOf({ set, labels }: PlanPart, classes: number): PartCounts {
  const steps = set.input === "text" ? 0 : set.sequences.reduce((sum, _, i) => sum + stepsOf(set, i), 0);
  return { sequences: set.sequences.length, steps, classes: countClasses(labels, classes) };
}

/** A class with fewer rows is hardly learnt. */
const FEW = 5;

function cautions(
  classes: readonly string[],
  { train, validation, test }: ClassifyParts,
  kind: LabelKind,
): Finding[] {
  const rows = kind === "steps" ? "steps" : "sequences";
  const named = (fits: (c: number) => boolean) => classes.filter((_, c) => fits(c));
  const told: Finding[] = [];
  const tell = (code: string, names: readonly string[], message: string) => {
    if (names.length > 0) told.push({ code, count: names.length, message: `${list(names)}: ${message}` });
  };
  tell(
    "NOT_IN_TRAINING",
    named((c) => train.classes[c] === 0),
    `no ${rows} in the training part, so it is never answered`,
  );
  tell(
    "FEW_OF_CLASS",
    named((c) => train.classes[c]! > 0 && train.classes[c]! < FEW),
    `fewer than ${FEW} ${rows} in the training part`,
  );
  if (test)
    tell(
      "NOT_IN_TEST",
      named((c) => test.classes[c] === 0),
      `no ${rows} in the test part, so nothing is measured of it`,
    );
  if (!validation) {
    told.push({
      code: "NO_VALIDATION",
      count: 0,
      message: `no validation part: training goes on to its last epoch, and nothing is chosen by data (${train.sequences} sequences to train on)`,
    });
  }
  return told;
}

function weightsOf(
  given: GivenOptions["classWeight"],
  classes: readonly string[],
  counts: readonly number[],
  kind: LabelKind,
): Readonly<Record<number, number>> | undefined {
  if (given === undefined) return undefined;
  if (kind === "many") {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      'classWeight is for one class a sequence or step; the labels here are "many". Leave it out.',
    );
  }
  if (given === "balanced") {
    const total = counts.reduce((sum, n) => sum + n, 0);
    const there = counts.filter((n) => n > 0).length;
    return Object.fromEntries(counts.map((n, c) => [c, n === 0 ? 1 : total / (there * n)]));
  }
  const unknown = Object.keys(given).find((name) => !classes.includes(name));
  if (unknown !== undefined) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `classWeight names ${show(unknown)}, which is none of the classes ${list(classes)}.`,
    );
  }
  return Object.fromEntries(classes.map((name, c) => [c, given[name] ?? 1]));
}

const MOST_WORDS = 200;
const PIECE = 256;
/** Longer sequences are folded, to so many steps. */
const LONG = 200;
const FOLDED = 100;

function encodingsOf(
  set: SequenceSet,
  kind: LabelKind,
  options: GivenOptions,
  canChoose: boolean,
  findings: Finding[],
): Encoding[] {
  const { input, features } = set;
  const common = { input, features, fold: 1, maxLen: options.maxLen ?? PIECE, masked: true };
  if (input === "text") {
    const texts = set.sequences as readonly string[];
    const vocabulary = fitted(textVocabulary(texts, options.vocabulary, options.tokenizer));
    return [{ ...common, vocabulary, maxLen: options.maxLen ?? usualLength(texts, options) }];
  }
  if (input === "tokens") {
    const vocabulary = fitted(tokenVocabulary(set.sequences as readonly string[][], options.vocabulary));
    const most = kind === "steps" ? common.maxLen : 1_000_000;
    return [{ ...common, vocabulary, maxLen: most }];
  }
  const values = set.sequences as readonly Float64Array[];
  const lengths = values.map(({ length }) => length / features.length);
  const longest = lengths.reduce((most, n) => Math.max(most, n), 0);
  const fold = kind === "steps" ? 1 : (options.fold ?? (longest > LONG ? Math.ceil(longest / FOLDED) : 1));
  if (kind === "steps" && options.fold !== undefined && options.fold > 1) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `fold is ${options.fold}, and each step has a label; wanted none, or 1.`,
    );
  }
  if (fold > 1 && options.fold === undefined) {
    findings.push({
      code: "FOLDED",
      count: fold,
      message: `sequences have up to ${longest} steps: ${fold} at a time are read as one, with all their numbers (fold)`,
    });
  }
  const missing = countMissing(values);
  if (missing > 0) {
    findings.push({
      code: "MISSING",
      count: missing,
      message: `${missing} numbers of the training part are missing; they are laid on the line between their neighbours`,
    });
  }
  const masked = new Set(lengths.map((n) => Math.ceil(n / fold))).size > 1 || kind === "steps";
  const kinds: readonly ScalingKind[] =
    options.scaling !== "auto"
      ? [options.scaling]
      : canChoose
        ? scalingsFor(features.length, kind)
        : ["features"];
  return kinds.map((scaling) => ({
    ...common,
    fold,
    masked,
    scaling: fitScaling(scaling, values, features.length),
  }));
}

/** One feature has one mean; a sequence whose steps are told apart by their level keeps it. */
const scalingsFor = (features: number, kind: LabelKind) =>
  SCALINGS.filter(
    (scaling) => (scaling !== "all" || features > 1) && (scaling !== "sequence" || kind !== "steps"),
  );

/** Words that leave 19 of 20 texts whole. */
function usualLength(texts: readonly string[], { tokenizer }: GivenOptions): number {
  const lengths = texts.map((text) => cut(text, tokenizer).length).sort((a, b) => a - b);
  return Math.min(Math.max(lengths[Math.ceil(lengths.length * 0.95) - 1] ?? 1, 1), MOST_WORDS);
}
