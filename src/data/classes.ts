/** Names of classes: which of two is class 0, which spellings are one name, and what other names stand for. */
import { LstmkitError } from "../errors.ts";
import { didYouMean, show } from "../options.ts";

/** Names of class 0 and class 1. */
export type Classes = readonly [string, string];

/** What names stand for: `{ "0": "ham", "1": "spam" }`. */
export type Rename = Readonly<Record<string, string>>;

/** The names that were found, and the class of each. */
export type ClassNames = Readonly<Record<string, 0 | 1>>;

const CLASS_0 = new Set(["negative", "neg", "ham", "no", "false", "0"].map(classKey));
const MOST_LISTED = 10;
const FEW_LISTED = 5;
const LONGEST_LISTED = 40;

/** What two spellings of a name have in common: case, blanks, what is invisible and how accents are composed do not count. */
export function classKey(name: string): string {
  return name
    .toUpperCase() // not lower: "ß" and "SS" are one
    .normalize("NFC")
    .replace(/[\s\p{Default_Ignorable_Code_Point}]+/gu, "");
}

/** For tables of options. */
export const classesOption = {
  wanted: 'two names, such as ["ham", "spam"]',
  accepts: (value: unknown) =>
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((name) => typeof name === "string" && classKey(name) !== "") &&
    value[0] !== value[1],
};
export const renameOption = {
  wanted: 'an object from names to names, such as { "0": "ham", "1": "spam" }',
  accepts: (value: unknown) =>
    Object.prototype.toString.call(value) === "[object Object]" &&
    Object.values(value as object).every((name) => typeof name === "string" && classKey(name) !== ""),
};

/**
 * The two classes of data that bring their own names. Spellings of a name that {@link classKey} makes one are
 * called by the most frequent, of equals the first. The class called negative, neg, ham, no, false or 0 is
 * class 0, otherwise the first by UTF-16 code units, as sort() has it.
 *
 * @param found the name of each row
 * @param where they stand, for the message
 * @throws BAD_LABEL for other than two; BAD_ARGUMENT for a rename that contradicts itself
 */
export function findClasses(found: readonly string[], rename: Rename | undefined, where: string): Classes {
  const counts = new Map<string, number>();
  for (const name of found) counts.set(name, (counts.get(name) ?? 0) + 1);
  return classesOfCounts(counts, rename, where);
}

/** {@link findClasses} of how often each name was found, in the order in which they came. */
export function classesOfCounts(
  found: ReadonlyMap<string, number>,
  rename: Rename | undefined,
  where: string,
): Classes {
  const renamed = renamer(rename);
  const spellings = new Map<string, Map<string, number>>();
  for (const [given, times] of found) {
    const name = renamed(given);
    const key = classKey(name);
    const counts = spellings.get(key) ?? new Map<string, number>();
    spellings.set(key, counts.set(name, (counts.get(name) ?? 0) + times));
  }
  const names = [...spellings.values()].map(mostFrequent).sort((a, b) => (a < b ? -1 : 1));
  const [first, second] = names;
  if (first === undefined || second === undefined || names.length > 2) {
    throw new LstmkitError(
      "BAD_LABEL",
      `${where} has ${names.length} classes: ${list(names)}; wanted two. Name the label's column, leave the rows of two classes, or say which names are one: rename (--classes on the command line).`,
    );
  }
  const isClass0 = (name: string): boolean => CLASS_0.has(classKey(name));
  return isClass0(second) && !isClass0(first) ? [second, first] : [first, second];
}

function mostFrequent(counts: ReadonlyMap<string, number>): string {
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

/** Labels by the names of classes. */
export interface NamedLabels {
  /** 0 or 1 for each name that was found. */
  readonly labels: readonly (0 | 1)[];
  readonly names: ClassNames;
}

/**
 * The label of each name, by the classes' own names; never by their order. A name that is none of them is
 * refused: a guess would turn the labels round as often as not.
 *
 * @param where says where the i-th name stands
 * @throws BAD_LABEL for a name that is no class; BAD_ARGUMENT for a rename to what is none
 */
export function labelsOf(
  found: readonly string[],
  classes: Classes,
  rename: Rename | undefined,
  where: (i: number) => string,
): NamedLabels {
  const labelOf = classReader(classes, rename);
  const known = new Map<string, 0 | 1>();
  const unknown = new Map<string, number>();
  const labels: (0 | 1)[] = [];
  for (const [i, name] of found.entries()) {
    const label = known.get(name) ?? labelOf(name);
    if (label === undefined) {
      if (!unknown.has(name)) unknown.set(name, i);
      continue;
    }
    known.set(name, label);
    labels.push(label);
  }
  for (const [, i] of unknown) throw unknownClasses([...unknown.keys()], where(i), classes);
  return { labels, names: Object.fromEntries(known) };
}

/** 0 or 1 for a name; undefined for one that is no class. @throws BAD_ARGUMENT for a rename to what is none */
export function classReader(
  classes: Classes,
  rename: Rename | undefined,
): (name: string) => 0 | 1 | undefined {
  const renamed = renamer(rename);
  const keys = classes.map(classKey);
  const find = (name: string): 0 | 1 | undefined => {
    // A model may have classes that differ in case alone.
    const exact = classes.indexOf(name);
    const place = exact >= 0 || keys[0] === keys[1] ? exact : keys.indexOf(classKey(name));
    return place < 0 ? undefined : place === 0 ? 0 : 1;
  };
  for (const [from, to] of Object.entries(rename ?? {})) {
    if (find(to) === undefined) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `${show(from)} is said to be ${show(to)} (rename, --classes on the command line), which is none of the classes ${list(classes)}${didYouMean(to, classes.filter(isPlain))}.`,
      );
    }
  }
  return (name) => find(renamed(name));
}

/** @throws BAD_ARGUMENT where two spellings of a name are to be two names */
function renamer(rename: Rename = {}): (name: string) => string {
  const names = new Map<string, string>();
  for (const [from, to] of Object.entries(rename)) {
    const key = classKey(from);
    const before = names.get(key);
    if (before !== undefined && classKey(before) !== classKey(to)) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `rename (--classes on the command line) makes ${show(from)} both ${show(before)} and ${show(to)}; wanted one. Case and blanks do not tell names apart.`,
      );
    }
    names.set(key, to);
  }
  return (name) => names.get(classKey(name)) ?? name;
}

function unknownClasses(names: readonly string[], where: string, classes: Classes): LstmkitError {
  const name = names[0]!;
  const flag = (to: string) =>
    [name, to].every(isPlain) ? `--classes "${name}=${to}"` : `--classes '{${quoted(name)}: ${quoted(to)}}'`;
  const others = names.slice(1);
  const nor =
    others.length === 0 ? "" : `; nor ${others.length === 1 ? "is" : "are"} ${list(others, FEW_LISTED)}`;
  return new LstmkitError(
    "BAD_LABEL",
    `${where} is ${show(name)}, which is none of the classes ${list(classes)}${didYouMean(name, classes.filter(isPlain))}${nor}. ` +
      `Say which class it is: ${flag(classes[0])} or ${flag(classes[1])} on the command line, several with commas between; rename in a program.`,
  );
}

/** Whether a name can stand in a command line and in a message as it is. */
export const isPlain = (name: string) => name.length <= LONGEST_LISTED && !/[,="'`$\\{]|\p{C}/u.test(name);

/** Names in a message, on one line. */
export function list(names: readonly string[], most = MOST_LISTED): string {
  const shown = names.slice(0, most).map(quoted);
  return shown.join(", ") + (names.length > most ? ` and ${names.length - most} more` : "");
}

function quoted(name: string): string {
  const json = JSON.stringify(name.slice(0, LONGEST_LISTED));
  const isShort = name.length <= LONGEST_LISTED && json.length <= LONGEST_LISTED + 2;
  return isShort ? json : `${json.slice(0, LONGEST_LISTED)}…"`;
}
