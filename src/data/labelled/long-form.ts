/** CSV files in which a row is one step, and a column says of which sequence. */
import { show } from "../../options.ts";
import { classKey, list } from "../classes.ts";
import type { Finding } from "../series/series.ts";
import { NumberList, numberOf } from "./numbers.ts";
import type { FilledOptions } from "./options.ts";
import type { SequenceSet } from "./set.ts";
import {
  bad,
  columnCalled,
  columnOf,
  inLine,
  isNumeric,
  LABEL_NAMES,
  shareOfNumbers,
  type Table,
  TEXT_NAMES,
  TIME_NAMES,
} from "./table.ts";
import { manyTargets, oneTarget } from "./targets.ts";

/** "y" is an axis where there are steps. */
const STEP_LABEL_NAMES = LABEL_NAMES.filter((name) => name !== "y");

/** The columns of steps, by their places. */
export interface StepColumns {
  readonly text: number | undefined;
  readonly label: number | undefined;
  readonly time: number | undefined;
  readonly features: readonly number[];
}

/** @throws BAD_CSV */
export function sequencesOfSteps(table: Table, options: FilledOptions): SequenceSet {
  const { names, rows } = table;
  const id = columnOf(names, options.id!, "sequence that a row belongs to", "id, --id");
  const group =
    options.group === undefined ? undefined : columnOf(names, options.group, "group", "group, --group");
  const columns = stepColumns(table, options, [id, group]);
  const byId = new Map<string, number[]>();
  for (const [i, { cells, line }] of rows.entries()) {
    const name = cells[id]!.trim();
    if (name === "")
      throw bad(`line ${line} has no ${show(names[id])}`, "in every row the sequence it belongs to");
    const own = byId.get(name);
    if (own) own.push(i);
    else byId.set(name, [i]);
  }
  const findings: Finding[] = [];
  const places = [...byId.keys()].map((name) => inLine(`${names[id]} ${name}`));
  const ordered = inOrder(table, columns.time, [...byId.values()], findings);
  const sequences = ordered.map((steps, i) => valuesOf(table, columns, steps, places[i]!));
  const isLabelled = columns.label !== undefined && options.labelled;
  return {
    input: columns.text === undefined ? "numbers" : "tokens",
    labels: isLabelled ? options.labels : null,
    features: columns.text === undefined ? columns.features.map((c) => names[c]!) : [],
    sequences,
    targets: isLabelled
      ? ordered.map((steps, i) => {
          const target = targetsOf(table, columns.label!, steps, places[i]!, options);
          return options.labels === "steps"
            ? (target as string[]).slice(0, lengthOf(sequences[i]!, columns))
            : target;
        })
      : [],
    places,
    ...(group !== undefined && { groups: ordered.map((steps) => rows[steps[0]!]!.cells[group]!.trim()) }),
    columns: {
      id: names[id]!,
      ...(columns.text !== undefined && { text: names[columns.text]! }),
      ...(columns.label !== undefined && { label: names[columns.label]! }),
      ...(columns.time !== undefined && { time: names[columns.time]! }),
      ...(group !== undefined && { group: names[group]! }),
    },
    findings,
  };
}

const lengthOf = ({ length }: readonly string[] | Float64Array, { text, features }: StepColumns) =>
  text === undefined ? length / features.length : length;

/**
 * Which columns hold what, where a row is one step.
 *
 * @param taken columns that are something else
 * @param called as readTable has it
 */
export function stepColumns(
  table: Table,
  options: FilledOptions,
  taken: readonly (number | undefined)[],
  called = "",
  needsLabel = options.labelled,
): StepColumns {
  const { names } = table;
  const free = (c: number | undefined) => (c === undefined || taken.includes(c) ? undefined : c);
  const label =
    options.label !== undefined && (options.labelled || names.includes(options.label))
      ? columnOf(names, options.label, "label", "label, --label")
      : free(columnCalled(names, STEP_LABEL_NAMES));
  const time =
    options.time !== undefined
      ? columnOf(names, options.time, "time", "time, --time")
      : free(columnCalled(names, TIME_NAMES));
  if (label === undefined && needsLabel) {
    throw bad(
      `${called}the columns ${list(names)}`,
      "the name of the one with the classes: pass { label } (--label on the command line)",
    );
  }
  const text =
    options.text !== undefined
      ? columnOf(names, options.text, "token", "text, --text")
      : options.features === undefined
        ? free(columnCalled(names, [...TEXT_NAMES, "token", "word", "form"]))
        : undefined;
  const others = names.map((_, c) => c).filter((c) => ![...taken, label, time, text].includes(c));
  if (text !== undefined) return { text, label, time, features: [] };
  const features =
    options.features === undefined
      ? others
      : [options.features].flat().map((name) => columnOf(names, name, "feature", "features, --features"));
  const odd = features.filter((c) => !isNumeric(table, c));
  const isTokens = features.length === 1 && odd.length === 1 && shareOfNumbers(table, odd[0]!) < 0.5;
  if (isTokens && options.features === undefined) return { text: odd[0], label, time, features: [] };
  if (odd.length > 0) {
    const row = table.rows.find(({ cells }) => numberOf(cells[odd[0]!]!, table.separator) === undefined);
    const found = row
      ? `line ${row.line}: ${show(row.cells[odd[0]!])} in column ${show(names[odd[0]!])} is no number`
      : `column ${show(names[odd[0]!])} has no number at all`;
    throw bad(
      `${called}${found}`,
      "numbers in all columns that are features; name those that are (features, --features on the command line), or the column that is the time (time, --time), the label (label, --label) or the tokens (text, --text)",
    );
  }
  if (features.length === 0)
    throw bad(
      `${called}the columns ${list(names)}`,
      "one more at least, with the numbers or the tokens of the steps",
    );
  return { text, label, time, features };
}

/** The steps of each sequence by their time, where there is one. */
export function inOrder(
  table: Table,
  time: number | undefined,
  sequences: readonly (readonly number[])[],
  findings: Finding[],
): readonly (readonly number[])[] {
  if (time === undefined) return sequences;
  const { rows, names, separator } = table;
  const isNumber = isNumeric(table, time);
  const dated = /^\d{4}-\d\d-\d\d/;
  const odd = rows.find(({ cells }) =>
    isNumber ? Number.isNaN(numberOf(cells[time]!, separator)!) : !dated.test(cells[time]!.trim()),
  );
  if (odd) {
    throw bad(
      `line ${odd.line}: ${show(odd.cells[time])} in column ${show(names[time])}, the time`,
      "a number in every row, or a date that begins with the year, such as 2024-05-31T12:00; leave the time out where rows are in order (and give the features by name: features, --features)",
    );
  }
  const keys = rows.map(({ cells }) => (isNumber ? numberOf(cells[time]!, separator)! : cells[time]!.trim()));
  let unsorted = 0;
  let twice = 0;
  const ordered = sequences.map((steps) => {
    const isSorted = steps.every((i, t) => t === 0 || keys[steps[t - 1]!]! <= keys[i]!);
    if (!isSorted) unsorted++;
    const sorted = isSorted
      ? steps
      : [...steps].sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b));
    for (let t = 1; t < sorted.length; t++) if (keys[sorted[t - 1]!] === keys[sorted[t]!]) twice++;
    return sorted;
  });
  if (unsorted > 0)
    findings.push({
      code: "UNSORTED",
      count: unsorted,
      message: `${unsorted} of ${sequences.length} sequences were not in the order of ${show(names[time])}; their steps are put in order`,
    });
  if (twice > 0)
    findings.push({
      code: "DUPLICATE_TIMES",
      count: twice,
      message: `${twice} steps have the ${show(names[time])} of the step before; they are kept, in the order of the file`,
    });
  return ordered;
}

/** The numbers or tokens of a sequence. @throws BAD_CSV */
export function valuesOf(
  { rows, separator, names }: Table,
  { text, features }: StepColumns,
  steps: readonly number[],
  place: string,
): readonly string[] | Float64Array {
  if (text !== undefined) {
    return steps.map((i) => {
      const token = rows[i]!.cells[text]!.trim();
      if (token === "")
        throw bad(`line ${rows[i]!.line} has no ${show(names[text])}`, "a token in every row");
      return token;
    });
  }
  const values = new NumberList();
  for (const i of steps) for (const c of features) values.push(numberOf(rows[i]!.cells[c]!, separator)!);
  const found = values.toArray(features.length);
  if (found.length === 0) throw bad(`${place} has no number at all`, "one in every sequence at least");
  return found;
}

/** A class for each step, or that which all steps have. @throws BAD_CSV */
export function targetsOf(
  { rows, names }: Table,
  label: number,
  steps: readonly number[],
  place: string,
  options: FilledOptions,
): string | string[] {
  const column = show(names[label]);
  const cellOf = (i: number) => rows[i]!.cells[label]!;
  if (options.labels === "steps")
    return steps.map((i) => oneTarget(cellOf(i), `line ${rows[i]!.line}`, column, options));
  const distinct = new Map(
    steps.filter((i) => classKey(cellOf(i)) !== "").map((i) => [classKey(cellOf(i)), cellOf(i).trim()]),
  );
  if (distinct.size > 1) {
    throw bad(
      `${place} has ${distinct.size} different values in column ${column}: ${list([...distinct.values()], 5)}`,
      'one for all its rows; for a class of each step say so (labels: "steps", --labels steps on the command line)',
    );
  }
  const [found = ""] = distinct.values();
  return options.labels === "many" ? manyTargets(found, options) : oneTarget(found, place, column, options);
}
