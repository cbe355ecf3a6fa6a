/**
 * The .ts files of the UCR and UEA archive, as aeon and sktime describe them: a header of lines with @, then a line a
 * case, its dimensions with ":" between and its class behind the last one.
 */

import type { Bytes } from "../../bytes.ts";
import { checkOptions, show } from "../../options.ts";
import { classKey, list } from "../classes.ts";
import { textOfSource } from "../decode-text.ts";
import { NumberList, numberOf } from "./numbers.ts";
import { SEQUENCE_OPTIONS, type SequenceOptions } from "./options.ts";
import type { SequenceSet } from "./set.ts";
import { bad } from "./table.ts";
import { renamer } from "./targets.ts";

interface Header {
  /** Null where @classLabel is not there or false; empty where it is true and names none. */
  readonly classes: readonly string[] | null;
  readonly dimensions: number | null;
}

/**
 * Cases of a .ts file. "?" is a number that is missing; steps at the end that miss all their numbers are not there. Files
 * with time stamps, and those with a number to predict in place of a class (@targetLabel), are refused.
 *
 * @throws BAD_CSV with the line
 */
export function sequencesFromTs(source: string | Bytes, options: SequenceOptions = {}): SequenceSet {
  const given = checkOptions<SequenceOptions, typeof SEQUENCE_OPTIONS>(
    "sequencesFromTs()",
    options,
    SEQUENCE_OPTIONS,
  );
  const lines = textOfSource("sequencesFromTs()", source, given.encoding).split(/\r\n|\n|\r/);
  const from = lines.findIndex((line) => /^\s*@data\b/i.test(line));
  if (from < 0)
    throw bad("no line @data", "a .ts file of the UCR or UEA archive, whose cases follow a line @data");
  const { classes, dimensions } = readHeader(lines.slice(0, from));
  const known = classes && new Map(classes.map((name) => [classKey(name), name]));
  const other = renamer(given.rename);
  const sequences: Float64Array[] = [];
  const targets: string[] = [];
  const places: string[] = [];
  let width = dimensions;
  for (const [i, text] of lines.entries()) {
    if (i <= from || text.trim() === "" || text.trimStart().startsWith("#")) continue;
    const place = `line ${i + 1}`;
    const cells = text.split(":");
    if (classes !== null) {
      const name = cells.pop()!.trim();
      if (name === "" || cells.length === 0)
        throw bad(`${place} has no class`, "one behind the last colon, as @classLabel says");
      if (known && known.size > 0 && !known.has(classKey(name))) {
        throw bad(
          `${place} has the class ${show(name)}`,
          `one of those in the line @classLabel: ${list(classes)}`,
        );
      }
      targets.push(other(name));
    }
    width ??= cells.length;
    if (cells.length !== width) {
      throw bad(
        `${place} has ${cells.length} dimensions, ${dimensions === null ? "the first case" : "the header"} ${width}`,
        "as many in every case, with a colon between",
      );
    }
    sequences.push(caseOf(cells, place));
    places.push(place);
  }
  if (sequences.length === 0) throw bad("no case below @data", "a line for each");
  const isLabelled = classes !== null && given.labelled;
  if (classes === null && given.labelled) {
    throw bad(
      "no classes (@classLabel is missing, or false)",
      "a file whose cases have one: @classLabel true, and the names",
    );
  }
  return {
    input: "numbers",
    labels: isLabelled ? "one" : null,
    features: Array.from({ length: width! }, (_, f) => String(f + 1)),
    sequences,
    targets: isLabelled ? targets : [],
    places,
    findings: [],
  };
}

function readHeader(lines: readonly string[]): Header {
  let classes: readonly string[] | null = null;
  let dimensions: number | null = null;
  for (const [i, line] of lines.entries()) {
    const [word = "", ...values] = line.trim().split(/[\s,]+/);
    const isTrue = values[0]?.toLowerCase() === "true";
    switch (word.toLowerCase()) {
      case "@timestamps":
        if (isTrue)
          throw bad(
            `line ${i + 1}: numbers with time stamps (@timeStamps true)`,
            "numbers at equal distances (@timeStamps false); write the file without them, or as a CSV file with a row a step, an id and a time",
          );
        break;
      case "@targetlabel":
        if (isTrue)
          throw bad(
            `line ${i + 1}: a number to predict (@targetLabel true)`,
            "classes (@classLabel true, and their names)",
          );
        break;
      case "@univariate":
        if (isTrue) dimensions = 1;
        break;
      case "@dimensions":
      case "@dimension":
        if (!/^[1-9]\d{0,6}$/.test(values[0] ?? ""))
          throw bad(`line ${i + 1}: ${show(line.trim())}`, "a whole number of dimensions");
        dimensions = Number(values[0]);
        break;
      case "@classlabel":
        classes = isTrue ? values.slice(1).filter((name) => name !== "") : null;
        break;
    }
  }
  return { classes, dimensions };
}

function caseOf(cells: readonly string[], place: string): Float64Array {
  const columns = cells.map((cell, d) => {
    if (cell.includes("(")) throw bad(`${place} has numbers with time stamps, in brackets`, "numbers alone");
    return cell.split(",").map((text) => {
      const value = text.trim() === "" ? undefined : numberOf(text, ",");
      if (value === undefined)
        throw bad(
          `${place}, dimension ${d + 1}: ${show(text.trim())} is no number`,
          'numbers with commas between, "?" for one that is missing',
        );
      return value;
    });
  });
  const steps = columns[0]!.length;
  const odd = columns.findIndex(({ length }) => length !== steps);
  if (odd >= 0) {
    throw bad(
      `${place} has ${steps} numbers in dimension 1 and ${columns[odd]!.length} in dimension ${odd + 1}`,
      "as many in every dimension of a case",
    );
  }
  const values = new NumberList();
  for (let t = 0; t < steps; t++) for (const column of columns) values.push(column[t]!);
  const found = values.toArray(columns.length);
  if (found.length === 0) throw bad(`${place} has no number at all`, "one in every case at least");
  return found;
}
