/** How files with sequences are read: what all readers of this folder take. */
import { aString, type OptionTable, oneOf, trueOrFalse } from "../../options.ts";
import { type Rename, renameOption } from "../classes.ts";
import { CSV_OPTIONS } from "../csv.ts";
import { LABEL_KINDS, type LabelKind } from "./set.ts";

/** How a file with sequences is read. What does not concern a kind of file is not looked at. */
export interface SequenceOptions {
  /** Column of texts, or of tokens where there is an `id`. Guessed where one candidate is there. */
  readonly text?: string;
  /** Column of the classes. Guessed where one candidate is there. */
  readonly label?: string;
  /** A whole file is one sequence, its rows are steps: as in a folder that has a folder for each class. Default "row". */
  readonly each?: "row" | "file";
  /** Column that says which sequence a row belongs to: a row is one step then. Default: a row is a sequence. */
  readonly id?: string;
  /** Column that puts the steps of a sequence in order. Default: rows stand in their order. */
  readonly time?: string;
  /** Column of what keeps sequences together when a test part is taken, such as a person. */
  readonly group?: string;
  /** Columns of numbers: the features of a step, or, where a row is a sequence, its steps. Default: all others. */
  readonly features?: string | readonly string[];
  /** What the labels are of. Default "one". */
  readonly labels?: LabelKind;
  /** Between several labels of a sequence, with labels "many". Default "|". */
  readonly labelSeparator?: string;
  /** What the data's names of classes stand for. */
  readonly rename?: Rename;
  /** Whether there are classes. With false none are looked for, and a column of them is left out. Default true. */
  readonly labelled?: boolean;
  /** As a CSV file of texts has them. */
  readonly header?: boolean;
  readonly separator?: string;
  readonly quote?: "double" | "none";
  readonly encoding?: string;
}

const { header, separator, quote, encoding } = CSV_OPTIONS;

export const SEQUENCE_OPTIONS = {
  text: { ...aString, fallback: undefined },
  label: { ...aString, fallback: undefined },
  each: { ...oneOf("row", "file"), fallback: undefined },
  id: { ...aString, fallback: undefined },
  time: { ...aString, fallback: undefined },
  group: { ...aString, fallback: undefined },
  features: {
    wanted: "the name of a column, or a list of names, each once",
    accepts: (value: unknown) =>
      typeof value === "string" ||
      (Array.isArray(value) &&
        value.length > 0 &&
        value.every((name) => typeof name === "string") &&
        new Set(value).size === value.length),
    fallback: undefined,
  },
  labels: { ...oneOf(...LABEL_KINDS), fallback: "one" as LabelKind },
  labelSeparator: {
    wanted: "a string that is not empty",
    accepts: (value: unknown) => typeof value === "string" && value !== "",
    fallback: "|",
  },
  rename: { ...renameOption, fallback: undefined },
  labelled: { ...trueOrFalse, fallback: true },
  ...{ header, separator, quote, encoding },
} satisfies OptionTable<SequenceOptions>;

export type FilledOptions = SequenceOptions &
  Required<Pick<SequenceOptions, "labels" | "labelSeparator" | "labelled">>;
