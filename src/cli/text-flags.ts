/** The flags that say how a CSV file or other text is read; without them it is read as it seems. */
import type { Command } from "cac";
import { classKey, type Rename, renameOption } from "../data/classes.ts";
import { CSV_OPTIONS, type CsvOptions } from "../data/csv.ts";
import { checkEncoding } from "../data/decode-text.ts";
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { DataSource } from "./data-source.ts";

export function declareCsvFlags(command: Command): Command {
  command
    .option("--text <column>", "Column of a .csv file with the texts, where it cannot be guessed")
    .option("--label <column>", "Column of a .csv file with the classes, where it cannot be guessed")
    .option("--no-header", "The first row of a .csv file is a text; columns are called 1, 2, …")
    .option("--separator <char>", "Between cells of a .csv file, such as , or tab, where it is not found")
    .option("--quote <how>", "Quotes in a .csv file: double, around cells; none, characters like others");
  const negated = command.options.find(({ rawName }) => rawName === "--no-header");
  delete negated?.config.default; // the help would call it "true"
  return declareEncoding(command, "Of a .csv file");
}

/** @throws UsageError for a value that has no meaning, or where the data are no CSV file */
export function readCsvFlags(args: Arguments, source: DataSource | undefined): CsvOptions {
  const flag = FLAGS.find((name) => args.has(name));
  if (flag !== undefined && source?.kind !== "csv") {
    const does = flag === "text" || flag === "label" ? "names a column of" : "says how to read";
    throw new UsageError(`--${flag} ${does} a CSV file; the data set here is ${source?.kind ?? "none"}.`);
  }
  const [text, label, encoding] = [args.text("text"), args.text("label"), readEncoding(args)];
  const separator = args.text("separator")?.replace(/^(tab|\\t)$/i, "\t");
  if (separator !== undefined && !CSV_OPTIONS.separator.accepts(separator)) {
    throw new UsageError(
      `--separator is ${JSON.stringify(separator)}; wanted tab, or ${CSV_OPTIONS.separator.wanted}.`,
    );
  }
  return {
    ...(text !== undefined && { text }),
    ...(label !== undefined && { label }),
    ...(args.has("no-header") && { header: false }),
    ...(separator !== undefined && { separator }),
    ...(args.has("quote") && { quote: args.choice("quote", ["double", "none"]) }),
    ...(encoding !== undefined && { encoding }),
  };
}

const FLAGS = ["text", "label", "no-header", "separator", "quote", "encoding"];

export function declareClasses(command: Command): Command {
  return command.option(
    "--classes <pairs>",
    "What the data's names of classes stand for: 0=ham,1=spam; or JSON, for names that hold , or =",
  );
}

/** Undefined without the flag. @throws UsageError for what is neither pairs nor JSON, and for a name given twice */
export function readClasses(args: Arguments): Rename | undefined {
  const value = args.text("classes");
  if (value === undefined) return undefined;
  const pairs = value.trimStart().startsWith("{")
    ? jsonPairs(value)
    : value.split(",").map((pair) => pair.split("="));
  const names = pairs.map(([from = "", to = "", ...rest]) => {
    if (classKey(from) === "" || classKey(to) === "" || rest.length > 0) throw badClasses(value);
    return [from.trim(), to.trim()] as const;
  });
  const twice = names.find(
    ([from], i) => names.findIndex(([other]) => classKey(other) === classKey(from)) < i,
  );
  if (twice) throw new UsageError(`--classes has ${JSON.stringify(twice[0])} twice; wanted each name once.`);
  return Object.fromEntries(names);
}

function jsonPairs(value: string): [string, string][] {
  try {
    const parsed: unknown = JSON.parse(value);
    if (renameOption.accepts(parsed)) return Object.entries(parsed as Rename);
  } catch {
    // told below
  }
  throw badClasses(value);
}

const badClasses = (value: string) =>
  new UsageError(
    `--classes is ${show(value)}; wanted pairs of the data's name and the class it stands for, such as 0=ham,1=spam, or the same as JSON: {"0": "ham", "1": "spam"}.`,
  );

/** @param of what is in the encoding: the beginning of the sentence */
export function declareEncoding(command: Command, of: string): Command {
  return command.option(
    "--encoding <label>",
    `${of}, such as windows-1252, where it is neither UTF-8 nor UTF-16 with its mark`,
  );
}

/**
 * @param hasBytes whether there are any that could be in an encoding
 * @throws UsageError for an encoding that is not there
 */
export function readEncoding(args: Arguments, hasBytes = true): string | undefined {
  const encoding = args.text("encoding");
  if (encoding !== undefined && !hasBytes) {
    throw new UsageError("--encoding is for the standard input; the text here is an argument.");
  }
  try {
    if (encoding !== undefined) checkEncoding(encoding);
  } catch (error) {
    throw error instanceof LstmkitError ? new UsageError(`--${withoutCode(error)}`) : error;
  }
  return encoding;
}

const withoutCode = ({ code, message }: LstmkitError): string => message.slice(code.length + 2);
