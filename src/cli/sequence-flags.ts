/** The flags that say how sequences are read: from files in which a row, some rows, or a whole file is one. */
import type { Command } from "cac";
import { CSV_OPTIONS } from "../data/csv.ts";
import type { SequenceOptions } from "../data/labelled/options.ts";
import { LABEL_KINDS } from "../data/labelled/set.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { readClasses, readEncoding } from "./text-flags.ts";

/** Those that a CSV file of texts has not, for commands that have its flags. */
export function declareStepFlags(command: Command): Command {
  return command
    .option("--id <column>", "Column that says which sequence a row belongs to: a row is one step then")
    .option("--time <column>", "Column that puts the steps of a sequence in order")
    .option("--features <columns>", "Columns of numbers, with commas between, where not all others are");
}

/** All of them. @param isTraining whether there are classes to be learnt */
export function declareSequenceFlags(command: Command): Command {
  command
    .option("--text <column>", "Column of the texts, or, with --id, of the tokens")
    .option("--label <column>", "Column of the classes")
    .option("--labels <kind>", "one class a sequence, many, or steps: one for each step", { default: "one" })
    .option("--label-separator <text>", "Between the labels of a sequence, with --labels many", {
      default: "|",
    })
    .option("--group <column>", "Column of what stays on one side of the split, such as a person");
  declareStepFlags(command)
    .option("--no-header", "The first row of a .csv file is a row; columns are called 1, 2, …")
    .option("--separator <char>", "Between cells of a .csv file, such as , or tab, where it is not found")
    .option("--quote <how>", "Quotes in a .csv file: double, around cells; none, characters like others")
    .option("--encoding <label>", "Of the files, such as windows-1252, where it is not Unicode");
  const negated = command.options.find(({ rawName }) => rawName === "--no-header");
  delete negated?.config.default; // the help would call it "true"
  return command;
}

/** Those that are given; of each command those that it has. @throws UsageError */
export function readSequenceFlags(args: Arguments): SequenceOptions {
  const separator = args.text("separator")?.replace(/^(tab|\\t)$/i, "\t");
  if (separator !== undefined && !CSV_OPTIONS.separator.accepts(separator)) {
    throw new UsageError(
      `--separator is ${JSON.stringify(separator)}; wanted tab, or ${CSV_OPTIONS.separator.wanted}.`,
    );
  }
  const features = args
    .text("features")
    ?.split(",")
    .map((name) => name.trim());
  if (features && (features.includes("") || new Set(features).size !== features.length)) {
    throw new UsageError(
      `--features is ${JSON.stringify(args.text("features"))}; wanted names of columns with commas between, each once.`,
    );
  }
  const options = {
    ...Object.fromEntries(["text", "label", "id", "time", "group"].map((name) => [name, args.text(name)])),
    labelSeparator: args.text("label-separator"),
    labels: args.text("labels") === undefined ? undefined : args.choice("labels", LABEL_KINDS),
    features,
    separator,
    header: args.has("no-header") ? false : undefined,
    quote: args.has("quote") ? args.choice("quote", ["double", "none"]) : undefined,
    encoding: readEncoding(args),
    rename: readClasses(args),
  };
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as SequenceOptions;
}

/** @throws UsageError for a flag of sequences where the model is none of them */
export function refuseStepFlags(args: Arguments, flags: readonly string[]): void {
  const flag = flags.find((name) => args.has(name));
  if (flag !== undefined) {
    throw new UsageError(
      `--${flag} is for a model of the task classify (train --task classify); this one is none.`,
    );
  }
}
