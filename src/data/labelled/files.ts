/** Files by their names: one, by what its name ends in; or many, a folder a class. */
import { type Bytes, bytesOf } from "../../bytes.ts";
import { LstmkitError } from "../../errors.ts";
import { checkOptions, show } from "../../options.ts";
import { list } from "../classes.ts";
import { decodeWhole, textOfSource } from "../decode-text.ts";
import type { Finding } from "../series/series.ts";
import { namesOf, sequencesOfTable } from "./csv.ts";
import { sequencesFromLines } from "./lines.ts";
import { inOrder, stepColumns, targetsOf, valuesOf } from "./long-form.ts";
import { type FilledOptions, SEQUENCE_OPTIONS, type SequenceOptions } from "./options.ts";
import type { SequenceSet } from "./set.ts";
import { bad, readTable } from "./table.ts";
import { renamer } from "./targets.ts";
import { sequencesFromTs } from "./ts-file.ts";

/** A file, by its path from the folder that was chosen, with "/" between. */
export interface SequenceFile {
  readonly path: string;
  readonly bytes: Bytes;
}

type Kind = "csv" | "ts" | "lines";

const ENDINGS: Readonly<Record<string, Kind>> = {
  csv: "csv",
  tsv: "csv",
  ts: "ts",
  txt: "lines",
  conll: "lines",
  conllu: "lines",
};

const endingOf = (path: string) => /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
const kindOf = (path: string): Kind | undefined => ENDINGS[endingOf(path)];

/** Whether a file is read as one with sequences, by its name: .csv, .tsv, .ts, .txt, .conll, .conllu. */
export const isSequencePath = (path: string): boolean => kindOf(path) !== undefined;

/**
 * Sequences of one file, read as its name says.
 *
 * @throws BAD_ARGUMENT for another name; what the reader of that kind throws
 */
export function sequencesFromFile(
  path: string,
  source: string | Bytes,
  options: SequenceOptions = {},
): SequenceSet {
  const given = checkOptions<SequenceOptions, typeof SEQUENCE_OPTIONS>(
    "sequencesFromFile()",
    options,
    SEQUENCE_OPTIONS,
  );
  if (typeof path !== "string") {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `sequencesFromFile() was given ${show(path)} for the file's name; wanted a string.`,
    );
  }
  if (given.each === "file" && kindOf(path) !== "ts") {
    const name = path.split(/[/\\]/).at(-1)!;
    return sequencesFromFiles([{ path: name, bytes: bytesFrom(source) }], given);
  }
  switch (kindOf(path)) {
    case "ts":
      return sequencesFromTs(source, given);
    case "lines":
      return sequencesFromLines(source, given);
    case "csv": {
      const content = textOfSource("sequencesFromFile()", source, given.encoding);
      // A .tsv file of the UCR archive is numbers without a header, a class before them.
      const table = readTable(content, given, namesOf(given));
      const isUcr =
        endingOf(path) === "tsv" &&
        !table.hasHeader &&
        namesOf(given).length === 0 &&
        given.labels === "one" &&
        table.names.length > 2;
      return isUcr ? sequencesFromLines(content, optionsWithout(given)) : sequencesOfTable(table, given);
    }
    case undefined:
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `${show(path)} is no file with sequences, by its name; wanted .csv, .tsv, .ts, .txt, .conll or .conllu, or a folder with one for each class.`,
      );
  }
}

const bytesFrom = (source: string | Bytes): Bytes =>
  typeof source === "string" ? new TextEncoder().encode(source) : source;

const optionsWithout = ({ encoding: _, ...others }: FilledOptions): SequenceOptions => others;

/** Folders and files that systems put there. */
const isHidden = (path: string) =>
  path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX" || part === "Thumbs.db");

/**
 * Sequences of a folder that has a folder for each class, a file for each sequence: `walk/1.csv` is of the class walk. In a
 * .csv or .tsv file a row is one step, and the columns that are numbers are its features, the same in all files; a .txt
 * file is a text. A folder further down belongs to the class of the uppermost one. Where labels is "steps" the classes are
 * in a column of each file, and folders say nothing.
 *
 * @throws BAD_DATASET where there are none, or but one class; BAD_CSV for a file that cannot be read so
 */
export function sequencesFromFiles(
  files: readonly SequenceFile[],
  options: SequenceOptions = {},
): SequenceSet {
  const given = checkOptions<SequenceOptions, typeof SEQUENCE_OPTIONS>(
    "sequencesFromFiles()",
    options,
    SEQUENCE_OPTIONS,
  );
  if (
    !Array.isArray(files) ||
    !Array.from(files as SequenceFile[]).every((file) => typeof file?.path === "string")
  ) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `sequencesFromFiles() was given ${show(files)}; wanted a list of { path, bytes }.`,
    );
  }
  const seen = Array.from(files, ({ path, bytes }) => ({
    path: path.replaceAll("\\", "/").replace(/^(\.?\/)+/, ""),
    bytes,
  }))
    .filter(({ path }) => !isHidden(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const all = withoutRoot(seen);
  const needsFolder = given.labels !== "steps" && given.labelled;
  const placed = all.filter(({ path }) => !needsFolder || path.includes("/"));
  const numbers = placed.filter(({ path }) => kindOf(path) === "csv");
  const texts = placed.filter(({ path }) => endingOf(path) === "txt");
  const chosen = numbers.length >= texts.length ? numbers : texts;
  if (given.labels === "many") {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      'labels is "many", and a folder a class gives a sequence one; wanted a CSV file with a column of labels.',
    );
  }
  if (chosen.length === 0) {
    throw new LstmkitError(
      "BAD_DATASET",
      `${
        all.length === 0
          ? "the folder is empty"
          : `no .csv, .tsv or .txt file among ${list(
              all.map(({ path }) => path),
              5,
            )}`
      }; wanted a folder for each class with a file for each sequence, such as walk/1.csv or spam/1.txt${needsFolder && all.some(({ path }) => isSequencePath(path)) ? ": these lie beside the folders, or there are none" : ""}.`,
    );
  }
  const others = all.filter((file) => !chosen.includes(file));
  const findings: Finding[] = [];
  if (others.length > 0) {
    findings.push({
      code: "OTHER_FILES",
      count: others.length,
      message: `${others.length} other ${others.length === 1 ? "file is" : "files are"} left out: ${list(
        others.map(({ path }) => path),
        5,
      )}`,
    });
  }
  const other = renamer(given.rename);
  const classes = chosen.map(({ path }) => other(path.split("/")[0]!));
  const distinct = new Set(classes);
  if (needsFolder && distinct.size < 2) {
    throw new LstmkitError(
      "BAD_DATASET",
      `all ${chosen.length} files are in one folder, ${list([...distinct])}; wanted a folder for each of two classes at least.`,
    );
  }
  const set = chosen === texts ? textFiles(texts, given, findings) : numberFiles(numbers, given, findings);
  if (!needsFolder) return set;
  return { ...set, labels: "one", targets: classes };
}

/** Pages give paths with the chosen folder in front, `sensors/walk/1.csv`; a folder may hold but one with those of classes. */
function withoutRoot<F extends SequenceFile>(files: readonly F[]): readonly F[] {
  const [root] = files[0]?.path.split("/") ?? [];
  const parts = files.map(({ path }) => path.split("/"));
  const below = new Set(parts.flatMap(([, second, ...rest]) => (rest.length > 0 ? [second] : [])));
  const isShared = parts.every(([first, ...rest]) => first === root && rest.length > 0) && below.size > 1;
  return isShared ? files.map((file) => ({ ...file, path: file.path.slice(root!.length + 1) })) : files;
}

function textFiles(
  files: readonly SequenceFile[],
  options: FilledOptions,
  findings: readonly Finding[],
): SequenceSet {
  if (options.labels === "steps") {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      'labels is "steps", and the folder has texts; wanted one file with a token and its tag in every line, or .csv files with a column of classes.',
    );
  }
  const sequences = files.map(({ path, bytes }) => {
    const text = decodeWhole(bytesOf(bytes, "sequencesFromFiles()"), options.encoding, "BAD_TEXT");
    if (text.trim() === "")
      throw new LstmkitError(
        "BAD_DATASET",
        `${path} is empty; wanted a text in every file. Take it out of the folder.`,
      );
    return text;
  });
  return {
    ...{ input: "text", labels: null, features: [], targets: [], findings, sequences },
    columns: { each: "file" },
    places: files.map(({ path }) => path),
  };
}

function numberFiles(
  files: readonly SequenceFile[],
  options: FilledOptions,
  findings: Finding[],
): SequenceSet {
  const isSteps = options.labels === "steps" && options.labelled;
  let wanted: readonly string[] | undefined =
    options.features === undefined ? undefined : [options.features].flat();
  let columns: SequenceSet["columns"];
  let input: SequenceSet["input"] | undefined;
  let first = "";
  const sequences: (readonly string[] | Float64Array)[] = [];
  const targets: (string | readonly string[])[] = [];
  const own: Finding[] = [];
  const ignored = new Set<string>();
  for (const { path, bytes } of files) {
    const content = textOfSource("sequencesFromFiles()", bytes, options.encoding);
    const table = within(path, () => readTable(content, options, namesOf(options)));
    const found = within(path, () => stepColumns(table, options, [], "", isSteps));
    const names = found.features.map((c) => table.names[c]!);
    const kind = found.text === undefined ? "numbers" : "tokens";
    input ??= kind;
    if (!isSteps && found.label !== undefined) ignored.add(table.names[found.label]!);
    wanted ??= names;
    first ||= path;
    const isAlike = names.length === wanted.length && wanted.every((name) => names.includes(name));
    if (kind !== input || !isAlike) {
      throw bad(
        `${path}: the columns ${list(table.names)}`,
        `those of ${first}, ${list(wanted)}; or the names of columns that all files have (features, --features on the command line)`,
      );
    }
    // Columns may stand in another order.
    const ordered = { ...found, features: wanted.map((name) => table.names.indexOf(name)) };
    const [steps] = within(path, () => inOrder(table, found.time, [table.rows.map((_, i) => i)], own));
    const values = within(path, () => valuesOf(table, ordered, steps!, "it"));
    sequences.push(values);
    const { text, label, time } = found;
    columns ??= {
      each: "file",
      ...(text !== undefined && { text: table.names[text]! }),
      ...(isSteps && { label: table.names[label!]! }),
      ...(time !== undefined && { time: table.names[time]! }),
    };
    if (isSteps) {
      const length = kind === "tokens" ? values.length : values.length / names.length;
      targets.push(
        (within(path, () => targetsOf(table, found.label!, steps!, "it", options)) as string[]).slice(
          0,
          length,
        ),
      );
    }
  }
  if (ignored.size > 0) {
    const columns = list([...ignored]);
    findings.push({
      code: "LABEL_COLUMN",
      count: ignored.size,
      message: `${columns} in the files ${ignored.size === 1 ? "is" : "are"} left out, as a label: the folder says the class`,
    });
  }
  for (const code of ["UNSORTED", "DUPLICATE_TIMES"]) {
    const alike = own.filter((finding) => finding.code === code);
    if (alike.length === 0) continue;
    const count = alike.reduce((sum, finding) => sum + finding.count, 0);
    const message =
      code === "UNSORTED"
        ? `the steps of ${count} of ${files.length} files were not in the order of their time, and are put in order`
        : `${count} steps have the time of the step before; they are kept, in the order of their file`;
    findings.push({ code, count, message });
  }
  return {
    ...{ input: input!, labels: isSteps ? "steps" : null, features: input === "numbers" ? wanted! : [] },
    ...{ sequences, targets, findings },
    columns: columns!,
    places: files.map(({ path }) => path),
  };
}

/** What is thrown, with the file that it is about. */
function within<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LstmkitError)) throw error;
    throw new LstmkitError(error.code, `${path}: ${error.message.slice(error.code.length + 2)}`, {
      cause: error,
    });
  }
}
