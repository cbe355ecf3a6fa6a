/**
 * Text files in which a line, or a block of lines, is a sequence, told by what is in them:
 *
 * - `class<TAB>text`, or the other way round: a CSV file of two columns with a tab between
 * - `__label__class text`, as fastText has it; several labels where labels is "many"
 * - the class, then numbers: a univariate file of the UCR archive
 * - `token<TAB>tag` or `token tag`, blank lines between sequences (CoNLL), or CoNLL-U: where labels is "steps"
 */

import type { Bytes } from "../../bytes.ts";
import { checkOptions, show } from "../../options.ts";
import { list } from "../classes.ts";
import { textOfSource } from "../decode-text.ts";
import { sequencesOfTable } from "./csv.ts";
import { NumberList, numberOf } from "./numbers.ts";
import { type FilledOptions, SEQUENCE_OPTIONS, type SequenceOptions } from "./options.ts";
import type { SequenceSet } from "./set.ts";
import { bad, readTable } from "./table.ts";
import { oneTarget, renamer } from "./targets.ts";

interface Line {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/**
 * Sequences out of a text file, in whichever of these forms it is.
 *
 * @throws BAD_CSV for a file in none of them, and with the line for what does not fit
 */
export function sequencesFromLines(source: string | Bytes, options: SequenceOptions = {}): SequenceSet {
  const given = checkOptions<SequenceOptions, typeof SEQUENCE_OPTIONS>(
    "sequencesFromLines()",
    options,
    SEQUENCE_OPTIONS,
  );
  const content = textOfSource("sequencesFromLines()", source, given.encoding);
  const all = content.split(/\r\n|\n|\r/).map((text, i) => ({ text, line: i + 1 }));
  const lines = all.filter(({ text }) => text.trim() !== "");
  if (lines.length === 0) throw bad("the file is empty", "a sequence in every line");
  if (given.labels === "steps") return tagged(all, given);
  if (lines.every(({ text }) => text.trimStart().startsWith("__label__"))) return fastText(lines, given);
  if (lines.every(({ text }) => cellsOf(text).length > 2 && cellsOf(text).every(isNumber)))
    return ucr(lines, given);
  if (lines.every(({ text }) => text.includes("\t"))) {
    return sequencesOfTable(readTable(content, { ...given, separator: given.separator ?? "\t" }, []), given);
  }
  if (!given.labelled) return texts(lines);
  const odd = lines.find(({ text }) => !text.includes("\t"))!;
  throw bad(
    `line ${odd.line} is ${show(odd.text.trim())}, without a class`,
    'in every line the class, a tab and the text ("spam<TAB>You have won"), or "__label__spam You have won"; numbers in lines as the UCR archive has them; or tokens with tags, a line each (labels: "steps", --labels steps)',
  );
}

const cellsOf = (text: string) => text.trim().split(/\s*,\s*|\s+/);
const isNumber = (cell: string) => numberOf(cell, ",") !== undefined;

function texts(lines: readonly Line[]): SequenceSet {
  return {
    ...{ input: "text", labels: null, features: [], targets: [], findings: [] },
    sequences: lines.map(({ text }) => text.trim()),
    places: lines.map(({ line }) => `line ${line}`),
  };
}

function fastText(lines: readonly Line[], options: FilledOptions): SequenceSet {
  const { labels, labelled, rename } = options;
  const other = renamer(rename);
  const found = lines.map(({ text, line }) => {
    const words = text.trim().split(/\s+/);
    const at = words.findIndex((word) => !word.startsWith("__label__"));
    const names = words.slice(0, at < 0 ? words.length : at).map((word) => word.slice("__label__".length));
    if (names.includes(""))
      throw bad(`line ${line} has a label without a name`, "__label__ and a name, without a blank between");
    if (labels === "one" && names.length > 1) {
      throw bad(
        `line ${line} has the labels ${list(names)}`,
        'one; for several say so (labels: "many", --labels many on the command line)',
      );
    }
    return { names: [...new Set(names.map(other))], text: at < 0 ? "" : words.slice(at).join(" ") };
  });
  return {
    ...{ input: "text", features: [], findings: [] },
    labels: labelled ? labels : null,
    sequences: found.map(({ text }) => text),
    targets: labelled ? found.map(({ names }) => (labels === "one" ? names[0]! : names)) : [],
    places: lines.map(({ line }) => `line ${line}`),
  };
}

function ucr(lines: readonly Line[], options: FilledOptions): SequenceSet {
  const found = lines.map(({ text, line }) => {
    const [label = "", ...cells] = cellsOf(text);
    const value = numberOf(label, ",")!;
    if (Number.isNaN(value)) throw bad(`line ${line} begins with ${show(label)}`, "the number of its class");
    const values = new NumberList();
    for (const cell of cells) values.push(numberOf(cell, ",")!);
    const steps = values.toArray(1);
    if (steps.length === 0) throw bad(`line ${line} has no number behind its class`, "one at least");
    // "1.0000000e+00" is class 1.
    return { label: String(value), steps };
  });
  const other = renamer(options.rename);
  return {
    ...{ input: "numbers", features: ["value"] },
    labels: options.labelled ? "one" : null,
    sequences: found.map(({ steps }) => steps),
    targets: options.labelled ? found.map(({ label }) => other(label)) : [],
    places: lines.map(({ line }) => `line ${line}`),
    findings: [
      {
        code: "FIRST_IS_CLASS",
        count: 1,
        message: `each line is numbers: the first is ${options.labelled ? "" : "taken for "}its class, the others are steps, as in the UCR archive`,
      },
    ],
  };
}

/** Columns of CoNLL-U, from 0. */
const [FORM, UPOS] = [1, 3];

function tagged(lines: readonly Line[], options: FilledOptions): SequenceSet {
  const blocks: Line[][] = [[]];
  for (const line of lines) {
    if (line.text.trim() === "") blocks.push([]);
    else if (!/^(# |#$|-DOCSTART-)/.test(line.text)) blocks.at(-1)!.push(line);
  }
  const sentences = blocks.filter(({ length }) => length > 0);
  if (sentences.length === 0) throw bad("no token in the file", "a token and its tag in every line");
  const isConllU = sentences.every((block) =>
    block.every(({ text }) => /^\d+([-.]\d+)?\t/.test(text) && text.split("\t").length === 10),
  );
  const found = sentences.map((block) =>
    (isConllU ? block.filter(({ text }) => /^\d+\t/.test(text)) : block).map(({ text, line }) => {
      const cells = text.includes("\t") ? text.split("\t") : text.trim().split(/\s+/);
      const token = cells[isConllU ? FORM : 0]!.trim();
      const tag = isConllU ? cells[UPOS]! : cells.length > 1 ? cells.at(-1)! : "";
      if (token === "") throw bad(`line ${line} has no token`, "a token, a tab or a blank, and its tag");
      if (!options.labelled) return { token, tag: "" };
      return { token, tag: oneTarget(tag, `line ${line}: ${show(text.trim())}`, "tag", options) };
    }),
  );
  return {
    input: "tokens",
    labels: options.labelled ? "steps" : null,
    features: [],
    sequences: found.map((sentence) => sentence.map(({ token }) => token)),
    targets: options.labelled ? found.map((sentence) => sentence.map(({ tag }) => tag)) : [],
    places: sentences.map(([first]) => `line ${first!.line}`),
    findings: [],
  };
}
