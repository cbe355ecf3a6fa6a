/** CSV files in which a row is a sequence: a text, or the numbers of one. */

import type { Bytes } from "../../bytes.ts";
import { checkOptions, show } from "../../options.ts";
import { list } from "../classes.ts";
import { textOfSource } from "../decode-text.ts";
import type { Finding } from "../series/series.ts";
import { sequencesOfSteps } from "./long-form.ts";
import { NumberList, numberOf } from "./numbers.ts";
import { type FilledOptions, SEQUENCE_OPTIONS, type SequenceOptions } from "./options.ts";
import type { SequenceSet } from "./set.ts";
import {
  bad,
  columnCalled,
  columnOf,
  hasFewValues,
  isNumeric,
  LABEL_NAMES,
  readTable,
  type Table,
  TEXT_NAMES,
} from "./table.ts";
import { manyTargets, oneTarget } from "./targets.ts";

/**
 * Sequences with classes out of a CSV file (RFC 4180, any line ends; comma, semicolon or tab).
 *
 * Without `id` a row is a sequence: a text, where a column is one (named, called text, review, message, sentence or the
 * like, or the only one beside the label); else the numbers of all other columns are its steps, from left to right, and
 * those that are missing at its end are not there. With `id` a row is one step, its other columns are the features.
 *
 * @throws BAD_CSV for a file that cannot be read so, with the line; BAD_ARGUMENT for options without meaning
 */
export function sequencesFromCsv(source: string | Bytes, options: SequenceOptions = {}): SequenceSet {
  const given = checkOptions<SequenceOptions, typeof SEQUENCE_OPTIONS>(
    "sequencesFromCsv()",
    options,
    SEQUENCE_OPTIONS,
  );
  return sequencesOfTable(
    readTable(textOfSource("sequencesFromCsv()", source, given.encoding), given, namesOf(given)),
    given,
  );
}

/** The columns that are asked for. */
export function namesOf({ text, label, id, time, group, features = [] }: SequenceOptions): string[] {
  return [text, label, id, time, group, ...[features].flat()].filter((name) => name !== undefined);
}

export function sequencesOfTable(table: Table, options: FilledOptions): SequenceSet {
  if (options.id !== undefined) return sequencesOfSteps(table, options);
  if (options.labels === "steps") {
    throw bad(
      "labels for steps in a file with a row a sequence",
      "a row a step, and the name of the column that says which sequence it belongs to (id, --id on the command line)",
    );
  }
  if (options.time !== undefined) {
    throw bad(
      `a column for the time, ${show(options.time)}, and none that says which sequence a row belongs to`,
      "both: a row is one step then (id, --id on the command line)",
    );
  }
  const { names, rows } = table;
  const group =
    options.group === undefined ? undefined : columnOf(names, options.group, "group", "group, --group");
  const label = labelColumn(table, options);
  const text = textColumn(table, options, [label, group]);
  const numbers = text === undefined ? stepColumns(table, options, [label, group]) : [];
  const place = (i: number) => `line ${rows[i]!.line}`;
  const findings: Finding[] = [];
  const sequences =
    text === undefined
      ? rows.map((row) => stepsOfRow(table, row.cells, numbers, row.line))
      : rows.map(({ cells }) => cells[text]!);
  const isLabelled = label !== undefined && options.labelled;
  const targets = isLabelled
    ? rows.map(({ cells }, i) =>
        options.labels === "many"
          ? manyTargets(cells[label]!, options)
          : oneTarget(cells[label]!, place(i), show(names[label]), options),
      )
    : [];
  if (!table.hasHeader && options.header === undefined) {
    const roles = [
      ...(text === undefined
        ? [`columns ${numbers[0]! + 1} to ${numbers.at(-1)! + 1} are steps`]
        : [`column ${text + 1} is the text`]),
      ...(label === undefined ? [] : [`column ${label + 1} the class`]),
    ];
    findings.push({
      code: "NO_HEADER",
      count: 1,
      message: `the first line is a row, not a header: ${roles.join(", ")}`,
    });
  }
  return {
    input: text === undefined ? "numbers" : "text",
    labels: isLabelled ? options.labels : null,
    features: text === undefined ? ["value"] : [],
    sequences,
    targets,
    places: rows.map((_, i) => place(i)),
    ...(group !== undefined && { groups: rows.map(({ cells }) => cells[group]!.trim()) }),
    columns: {
      ...(text !== undefined && { text: names[text]! }),
      ...(label !== undefined && { label: names[label]! }),
      ...(group !== undefined && { group: names[group]! }),
    },
    findings,
  };
}

function labelColumn(table: Table, options: FilledOptions): number | undefined {
  const { names } = table;
  const { label, labelled } = options;
  if (label !== undefined) {
    if (!labelled && !names.includes(label)) return undefined;
    return columnOf(names, label, "label", "label, --label");
  }
  const called = columnCalled(names, LABEL_NAMES);
  if (called !== undefined) return called;
  if (names.length === 1 && !labelled) return undefined;
  const others = names
    .map((_, c) => c)
    .filter((c) => names[c] !== options.text && names[c] !== options.group);
  const candidates =
    names.length === 2
      ? others.filter((c) => hasFewValues(table, c))
      : others.filter((c) => !isNumeric(table, c) && hasFewValues(table, c));
  if (candidates.length === 1) return candidates[0];
  if (!labelled) return undefined;
  throw bad(
    `the columns ${list(names)}, of which none or several could be the label`,
    'its name: pass { label } (--label on the command line), and header: false (--no-header) where these are a row, for the columns "1", "2", …',
  );
}

function textColumn(
  table: Table,
  options: FilledOptions,
  taken: readonly (number | undefined)[],
): number | undefined {
  const { names } = table;
  if (options.text !== undefined) {
    const column = columnOf(names, options.text, "text", "text, --text");
    if (taken.includes(column))
      throw bad(`column ${show(options.text)} as both the text and another`, "two columns");
    return column;
  }
  if (options.features !== undefined) return undefined;
  const called = columnCalled(names, TEXT_NAMES);
  if (called !== undefined && !taken.includes(called)) return called;
  const others = names.map((_, c) => c).filter((c) => !taken.includes(c));
  if (others.length !== 1) return undefined;
  const [only] = others as [number];
  if (!isNumeric(table, only)) return only;
  throw bad(
    `one number a row, in column ${show(names[only])}`,
    "a text, or the many numbers of a sequence, in every row; where a row is one step of a sequence, the column that says of which (id, --id on the command line)",
  );
}

function stepColumns(table: Table, options: FilledOptions, taken: readonly (number | undefined)[]): number[] {
  const { names } = table;
  const columns =
    options.features === undefined
      ? names.map((_, c) => c).filter((c) => !taken.includes(c))
      : [options.features]
          .flat()
          .map((name) => columnOf(names, name, "step of a sequence", "features, --features"));
  const odd = columns.filter(
    (c) =>
      !isNumeric(table, c) &&
      !table.rows.every(({ cells }) => Number.isNaN(numberOf(cells[c]!, table.separator))),
  );
  if (odd.length > 0) {
    const all = odd.map((c) => names[c]!);
    const [{ cells, line }] = table.rows.filter(
      (row) => numberOf(row.cells[odd[0]!]!, table.separator) === undefined,
    ) as [Table["rows"][number]];
    throw bad(
      `line ${line}: ${show(cells[odd[0]!])} in column ${show(all[0])} is no number${all.length > 1 ? `; nor is all of ${list(all.slice(1))}` : ""}`,
      "texts in a column that is named (text, --text on the command line), or numbers in all columns but the label's; name those that are steps (features, --features)",
    );
  }
  if (columns.length === 0)
    throw bad(`the columns ${list(names)}`, "one with texts, or several with numbers, beside the label");
  return columns;
}

function stepsOfRow(
  table: Table,
  cells: readonly string[],
  columns: readonly number[],
  line: number,
): Float64Array {
  const values = new NumberList();
  for (const c of columns) values.push(numberOf(cells[c]!, table.separator)!);
  const steps = values.toArray(1);
  if (steps.length === 0) throw bad(`line ${line} has no number at all`, "one in every row at least");
  return steps;
}
