/** The flags that say how a file becomes series, and what a model's file keeps of them. */
import type { Command } from "cac";
import { CSV_OPTIONS } from "../data/csv.ts";
import { SERIES_CSV_OPTIONS, type SeriesCsvOptions, seriesFromCsv } from "../data/series/csv-table.ts";
import { parseFrequency } from "../data/series/frequency.ts";
import { seriesFromJson } from "../data/series/rows-table.ts";
import type { SeriesSet } from "../data/series/series.ts";
import { TIME_FORMAT_NAMES } from "../data/series/time-column.ts";
import { Zone } from "../data/series/zone.ts";
import { MOST_TEXT, readBytes } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../formats/safetensors.ts";
import { parseJson } from "../json.ts";
import { loadBirths } from "../node.ts";
import { didYouMean, show } from "../options.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { inputText } from "./standard-input.ts";
import { declareEncoding, readEncoding } from "./text-flags.ts";

/** The series that ships with the package. */
export const BIRTHS = "births";

/** @param withRoles whether columns can be named: to a trained model they are known */
export function declareSeriesFlags(command: Command, withRoles: boolean): Command {
  if (withRoles) {
    command
      .option(
        "--target <columns>",
        "Column to forecast, or several with commas between; default: the only one of numbers",
      )
      .option("--known <columns>", "Columns known in advance, such as price,holiday")
      .option("--past <columns>", "Columns known up to the present, such as temperature");
  }
  command
    .option("--time <column>", "Column of times; default: the only one that has some")
    .option("--series <column>", "Column that tells several series apart, such as store")
    .option(
      "--frequency <words>",
      "hour, 15 minutes, weekday, …: rows count for the step they lie in; default: as found",
    )
    .option("--time-zone <zone>", "Whose clock the times are of, such as Europe/Berlin")
    .option("--time-format <name>", `Where times are unclear: ${TIME_FORMAT_NAMES.join(", ")}`)
    .option("--gaps <rule>", "What is not there: interpolate, last or refuse; default: interpolate")
    .option(
      "--duplicates <rule>",
      "Rows of one time that differ: refuse, mean, sum, first or last; default: refuse",
    )
    .option(
      "--missing <words>",
      "What else stands for no value, such as -999,closed; none: nothing but the usual",
    )
    .option("--decimal <sign>", "Before fractions: . or , where it is not found")
    .option("--no-header", "The first row is a row; columns are called 1, 2, …")
    .option("--separator <char>", "Between cells of a .csv file, such as , or tab, where it is not found")
    .option("--quote <how>", "Quotes in a .csv file: double, around cells; none, characters like others");
  const negated = command.options.find(({ rawName }) => rawName === "--no-header");
  delete negated?.config.default; // the help would call it "true"
  return declareEncoding(command, "Of the file");
}

const CHOICES = {
  timeFormat: ["time-format", TIME_FORMAT_NAMES],
  gaps: ["gaps", ["interpolate", "last", "refuse"]],
  duplicates: ["duplicates", ["refuse", "mean", "sum", "first", "last"]],
  decimal: ["decimal", [".", ","]],
  quote: ["quote", ["double", "none"]],
} as const;

/** What was said of the file. @throws UsageError */
export function readSeriesFlags(args: Arguments, withRoles: boolean): SeriesCsvOptions {
  const options: Record<string, unknown> = {};
  const names = withRoles ? (["target", "known", "past"] as const) : [];
  for (const name of names) {
    const value = args.text(name);
    if (value !== undefined) options[name] = value.split(",").map((column) => column.trim());
  }
  for (const [name, flag] of [
    ["time", "time"],
    ["series", "series"],
    ["frequency", "frequency"],
    ["timeZone", "time-zone"],
  ]) {
    const value = args.text(flag!);
    if (value !== undefined) options[name!] = value;
  }
  for (const [name, [flag, choices]] of Object.entries(CHOICES)) {
    if (args.has(flag)) options[name] = args.choice(flag, choices);
  }
  const missing = args.text("missing");
  if (missing !== undefined) options.missing = missing === "none" ? [] : missing.split(",");
  if (args.has("no-header")) options.header = false;
  const separator = args.text("separator")?.replace(/^(tab|\\t)$/i, "\t");
  if (separator !== undefined) {
    if (!CSV_OPTIONS.separator.accepts(separator)) {
      throw new UsageError(
        `--separator is ${JSON.stringify(separator)}; wanted tab, or ${CSV_OPTIONS.separator.wanted}.`,
      );
    }
    options.separator = separator;
  }
  const encoding = readEncoding(args);
  if (encoding !== undefined) options.encoding = encoding;
  asUsage(() => args.has("frequency") && parseFrequency(args.text("frequency")!));
  asUsage(() => args.has("time-zone") && new Zone(args.text("time-zone")!));
  return options as SeriesCsvOptions;
}

/** What a flag's value is refused with, as the flag's. */
function asUsage(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof LstmkitError)) throw error;
    throw new UsageError(`--${error.message.slice(error.code.length + 2).replace("timeZone", "time-zone")}`);
  }
}

/**
 * Series from a .csv, .tsv, .json, .jsonl or .ndjson file, from the standard input (-), or those that ship with the
 * package (births).
 *
 * @throws what seriesFromCsv() and seriesFromJson() throw; FILE_NOT_FOUND, FILE_UNREADABLE; UsageError for flags that births have not
 */
export async function readSeriesData(name: string, options: SeriesCsvOptions): Promise<SeriesSet> {
  if (name === BIRTHS) {
    const [flag] = Object.keys(options).filter((option) => option !== "target");
    if (flag === undefined) return loadBirths();
    throw new UsageError(`births ship with the package and are read already; wanted no flag for ${flag}.`);
  }
  const isText = name === "-";
  const source = isText ? await inputText(options.encoding) : await readBytes(name, MOST_TEXT);
  const { encoding, ...others } = options;
  const given = isText || encoding === undefined ? others : options;
  const isJson = isText ? /^\s*[[{]/.test(source as string) : /\.(json|jsonl|ndjson)$/i.test(name);
  if (!isJson) return seriesFromCsv(source, given);
  const { header: _, separator: _s, quote: _q, ...json } = given;
  return seriesFromJson(source, json);
}

/** The flag for one model a series, of which a sweep trains as many as there are. */
export function declareOnlySeries(command: Command): Command {
  return command.option(
    "--only-series <name>",
    "Of the series that --series tells apart learn from this one",
  );
}

/** The set, or the one series of it that was asked for. @throws UsageError where there is none of that name */
export function onlySeries(set: SeriesSet, args: Arguments): SeriesSet {
  const name = args.text("only-series");
  if (name === undefined) return set;
  const series = set.series.filter(({ id }) => id === name);
  if (series.length > 0) return { ...set, series };
  const names = set.series.map(({ id }) => id);
  const some = names.slice(0, 8).map(show).join(", ");
  throw new UsageError(
    `--only-series is ${show(name)}${didYouMean(name, names)}; wanted one of ${some}${names.length > 8 ? `, … (${names.length} series)` : ""}.`,
  );
}

/** What a model's file keeps of the one that it was trained on. */
export interface Reading {
  /** How it was read. */
  readonly options: SeriesCsvOptions;
  /** The zone that its times have, see SeriesSet. */
  readonly timeZone: string | null;
}

const ENTRY = "reading";

/** The same model file, with that in it. */
export function withReading(file: Uint8Array, reading: Reading): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = decodeSafetensors(file);
  return encodeSafetensors({ tensors, metadata: { ...metadata, [ENTRY]: JSON.stringify(reading) } });
}

/** What the file keeps, which another program may not have written: what makes no sense counts as not there. */
export function readingOf(file: Uint8Array): Reading {
  const json = decodeSafetensors(file).metadata[ENTRY];
  let kept: unknown;
  try {
    kept = json === undefined ? undefined : parseJson(json);
  } catch {
    kept = undefined;
  }
  const { options, timeZone } = Object(kept) as Partial<Record<keyof Reading, unknown>>;
  const entries = Object.entries(Object(options) as object).filter(([name, value]) => {
    const option = Object.hasOwn(SERIES_CSV_OPTIONS, name) ? SERIES_CSV_OPTIONS[name as "target"] : undefined;
    return option?.accepts(value);
  });
  // A separator or an encoding is the file's own, and found again.
  const {
    separator: _,
    encoding: _e,
    quote: _q,
    ...others
  } = Object.fromEntries(entries) as SeriesCsvOptions;
  return { options: others, timeZone: isZone(timeZone) ? timeZone : null };
}

function isZone(name: unknown): name is string {
  try {
    return typeof name === "string" && new Zone(name).name === name;
  } catch {
    return false;
  }
}
