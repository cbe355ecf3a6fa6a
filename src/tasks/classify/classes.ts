/** Names of classes, and the numbers that a network has for them. */
import { classKey, isPlain, list } from "../../data/classes.ts";
import type { LabelKind, SequenceSet } from "../../data/labelled/set.ts";
import { LstmkitError } from "../../errors.ts";
import { didYouMean, show } from "../../options.ts";

/** More are no classes. */
const MOST_CLASSES = 10_000;
const NEGATIVE = new Set(["negative", "neg", "ham", "no", "false", "0"].map(classKey));

const namesOf = (target: string | readonly string[]): readonly string[] =>
  typeof target === "string" ? [target] : target;

/**
 * The classes of data: spellings that differ in case and blanks alone are one, called by the most frequent. Numbers
 * stand in their order, names in that of their UTF-16 code units; of two, the one called negative, no, false, … first.
 *
 * @throws BAD_LABEL for fewer than two, and for so many that they are none
 */
export function classesOf(set: SequenceSet): readonly string[] {
  const counts = new Map<string, number>();
  for (const target of set.targets)
    for (const name of namesOf(target)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const spellings = new Map<string, { name: string; count: number }>();
  for (const [name, count] of counts) {
    const key = classKey(name);
    const best = spellings.get(key);
    if (!best || count > best.count) spellings.set(key, { name, count });
  }
  const names = [...spellings.values()].map(({ name }) => name);
  const n = set.sequences.length;
  if (names.length < 2) {
    const found =
      names.length === 0 ? "none of the sequences has a class" : `all ${n} sequences are ${show(names[0])}`;
    throw new LstmkitError(
      "BAD_LABEL",
      `${found}; wanted two classes at least. Check which column, or which folders, say the class (label, --label on the command line).`,
    );
  }
  if (names.length > MOST_CLASSES || (set.labels === "one" && n >= 20 && names.length > n / 2)) {
    throw new LstmkitError(
      "BAD_LABEL",
      `${names.length} different classes in ${n} sequences, such as ${list(names, 5)}; wanted classes that come again and again. Name another column (label, --label on the command line)${set.labels === "one" ? '; where these are several labels with a sign between, say so (labels: "many", --labels many)' : ""}.`,
    );
  }
  return sorted(names);
}

function sorted(names: readonly string[]): readonly string[] {
  const areNumbers = names.every((name) => /^[+-]?\d+(\.\d+)?$/.test(name));
  const inOrder = [...names].sort((a, b) =>
    areNumbers && Number(a) !== Number(b) ? Number(a) - Number(b) : a < b ? -1 : 1,
  );
  const [first, second] = inOrder as [string, string];
  const isTurned = names.length === 2 && NEGATIVE.has(classKey(second)) && !NEGATIVE.has(classKey(first));
  return isTurned ? [second, first] : inOrder;
}

/**
 * The numbers of each sequence's classes: of one class that alone, of several all of them, of steps one for each.
 *
 * @throws BAD_LABEL for a name that is none of the classes; a set without labels
 */
export function labelsOf(
  set: SequenceSet,
  classes: readonly string[],
  kind: LabelKind,
): readonly Int32Array[] {
  if (set.labels !== kind) {
    throw new LstmkitError(
      "BAD_LABEL",
      `the data have ${set.labels === null ? "no labels" : `labels of the kind ${show(set.labels)}`}; wanted those of the kind ${show(kind)}${set.labels === null ? ": name their column (label, --label on the command line)" : ", as the model was trained (labels, --labels)"}.`,
    );
  }
  const known = new Map(classes.map((name, c) => [name, c]));
  const byKey = new Map(classes.map((name, c) => [classKey(name), c]));
  const unknown = new Map<string, string>();
  const numberOf = (name: string, place: string): number => {
    let c = known.get(name);
    if (c === undefined) {
      c = byKey.get(classKey(name));
      if (c === undefined) {
        if (!unknown.has(name)) unknown.set(name, place);
        return 0;
      }
      known.set(name, c);
    }
    return c;
  };
  const labels = set.targets.map((target, i) =>
    Int32Array.from(namesOf(target), (name) => numberOf(name, set.places[i]!)),
  );
  if (unknown.size === 0) return labels;
  const [[name, place]] = unknown as unknown as [[string, string]];
  const others = [...unknown.keys()].slice(1);
  const nor = others.length === 0 ? "" : `; nor ${others.length === 1 ? "is" : "are"} ${list(others, 5)}`;
  throw new LstmkitError(
    "BAD_LABEL",
    `${place} is of the class ${show(name)}, which is none of ${list(classes)}${didYouMean(name, classes.filter(isPlain))}${nor}. Say which class it stands for (rename in a program, ${flagFor(name, classes[0]!)} on the command line), or leave these sequences out.`,
  );
}

const flagFor = (name: string, to: string) =>
  [name, to].every(isPlain) ? `--classes "${name}=${to}"` : "--classes, as JSON,";

/** Rows of each class. */
export function countClasses(labels: readonly Int32Array[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const own of labels) for (const c of own) counts[c]!++;
  return counts;
}
