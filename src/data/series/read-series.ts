/** From a table to series: which columns, what is in them, and where each series begins and ends. */
import { show } from "../../options.ts";
import { arrange, type GridSeries, gapFinding } from "./arrange.ts";
import { fillGaps } from "./fill.ts";
import { Float64List } from "./float64-list.ts";
import { parseFrequency, timeText } from "./frequency.ts";
import { rowTimes } from "./instants.ts";
import { CommaEvidence, NumberColumn, type NumberStyle } from "./number-column.ts";
import { badSeries, counted, Places } from "./places.ts";
import { withoutSentinels } from "./sentinels.ts";
import type { Finding, Series, SeriesSet } from "./series.ts";
import { listOf, type SeriesOptions } from "./series-options.ts";
import { listed, type Roles, rolesOf, SeriesNames, type Table } from "./table.ts";
import { type ReadTimes, TimeColumn } from "./time-column.ts";
import { Zone } from "./zone.ts";

/** Options with the defaults that are always there. */
export type FilledSeriesOptions = SeriesOptions & Required<Pick<SeriesOptions, "gaps">>;

/** @throws BAD_SERIES for a table that makes no series, BAD_ARGUMENT for options without meaning */
export function readSeries(table: Table, options: FilledSeriesOptions): SeriesSet {
  const frequency = options.frequency === undefined ? undefined : parseFrequency(options.frequency);
  const zone = options.timeZone === undefined ? undefined : new Zone(options.timeZone);
  const roles = rolesOf(table, options);
  const findings = findingsOfRoles(table, roles);
  const content = readColumns(table, roles, options, findings);
  const names = {
    target: namesOf(table, roles.target),
    known: namesOf(table, roles.known),
    past: namesOf(table, roles.past),
  };
  if (!content.times) {
    if (content.series) {
      throw badSeries(
        "no column of times was found, and there are several series",
        "the name of one: time (--time on the command line)",
      );
    }
    const rows = content.columns[names.target[0]!]!.length;
    const grid = {
      id: "",
      times: new Float64Array(0),
      columns: content.columns,
      isAbsent: new Uint8Array(rows),
    };
    const series = finished([grid], names, options, findings, (row) => `row ${row + 1}`);
    return {
      series: series.map((of) => ({ ...of, times: null })),
      frequency: null,
      timeZone: null,
      findings,
    };
  }
  const placed = rowTimes(content.times, { zone, frequency, series: content.series, place: table.place });
  findings.push(...content.times.findings, ...placed.findings);
  const { ids, series, columns } = content;
  const arranged = arrange(
    {
      ...placed,
      ids,
      series,
      columns,
      place: table.place,
      timeName: table.names[roles.time!]!,
      seriesCandidates: series ? [] : roles.words,
    },
    { frequency, gaps: options.gaps, duplicates: options.duplicates },
  );
  findings.push(...arranged.findings);
  const shownBy = placed.timeZone === null ? undefined : new Zone(placed.timeZone);
  const textOf = (time: number) => timeText(time, arranged.frequency, shownBy?.offset(time));
  return {
    series: finished(arranged.series, names, options, findings, textOf),
    frequency: arranged.frequency,
    timeZone: placed.timeZone,
    findings,
  };
}

const namesOf = ({ names }: Table, columns: readonly number[]) => columns.map((column) => names[column]!);

function findingsOfRoles({ names, findings: odd = [] }: Table, roles: Roles): Finding[] {
  const findings: Finding[] = [...odd];
  const say = (code: string, message: string) => findings.push({ code, count: 1, message });
  if (roles.isTargetFound)
    say("TARGET_FOUND", `The target is ${show(names[roles.target[0]!])}, the only column with numbers.`);
  if (roles.isTimeFound) say("TIME_FOUND", `The times are those of ${show(names[roles.time!])}.`);
  if (roles.time === undefined) {
    const [found] = roles.timeCandidates;
    const why =
      found === undefined
        ? "No column has times"
        : `Several columns have times (${listed(roles.timeCandidates)})`;
    say("NO_TIME", `${why}: rows are numbered, in their order. Name one: time (--time on the command line).`);
  }
  return findings;
}

interface Content {
  readonly times: ReadTimes | null;
  readonly series: Int32Array | null;
  readonly ids: readonly string[];
  readonly columns: Record<string, Float64Array>;
}

function readColumns(table: Table, roles: Roles, options: SeriesOptions, findings: Finding[]): Content {
  const first = readOnce(table, roles, options, { decimal: options.decimal ?? "." });
  const isComma = options.decimal === undefined && commasAreDecimal(first.evidence);
  const { numbers, times, series, ids } = isComma ? readOnce(table, roles, options, { decimal: "," }) : first;
  if (numbers[0]!.values.length === 0) throw badSeries("the table has no rows", "one a time");
  for (const { name, noNumbers } of numbers) {
    if (noNumbers.count === 0) continue;
    throw badSeries(
      `column ${show(name)} has ${noNumbers.count === 1 ? "a cell that is no number" : `${noNumbers.count} cells that are no numbers`}: ${noNumbers}`,
      "numbers, or nothing, NA, NaN, null, - or ? where there is none; other signs for that go in missing (--missing on the command line), and kinds of things as columns of 0 and 1",
    );
  }
  if (isComma) {
    const { decimal } = first.evidence;
    findings.push({
      code: "DECIMAL_COMMA",
      count: decimal.count,
      message: `Commas in numbers stand before fractions: ${decimal}.`,
    });
  }
  const columns = numbers.map(({ name, values }): [string, Float64Array] => {
    const told =
      options.missing === undefined ? withoutSentinels(name, values, table.place) : { values, findings: [] };
    findings.push(...told.findings);
    return [name, told.values];
  });
  return { times: times?.finish() ?? null, series, ids, columns: Object.fromEntries(columns) };
}

function readOnce(table: Table, roles: Roles, options: SeriesOptions, style: NumberStyle) {
  const evidence = new CommaEvidence();
  const nothing = new Set(listOf(options.missing).map((word) => String(word).trim().toLowerCase()));
  const places = [...roles.target, ...roles.known, ...roles.past];
  const numbers = places.map(
    (column) => new NumberColumn(table.names[column]!, style, nothing, evidence, table.place),
  );
  const times =
    roles.time === undefined
      ? undefined
      : new TimeColumn(table.names[roles.time]!, options.timeFormat, table.place);
  const ids = new SeriesNames();
  const series = new Float64List();
  let row = 0;
  const others = [roles.time, roles.series].filter((column) => column !== undefined);
  table.read([...places, ...others], (cells) => {
    for (let i = 0; i < places.length; i++) numbers[i]!.add(cells[places[i]!]);
    times?.add(cells[roles.time!]);
    if (roles.series !== undefined) series.push(ids.number(cells[roles.series], () => table.place(row)));
    row++;
  });
  if (ids.none.count > 0) {
    throw badSeries(
      `column ${show(options.series)} is empty in ${ids.none}`,
      "the name of a series in every row",
    );
  }
  return {
    numbers,
    times,
    evidence,
    series: roles.series === undefined ? null : Int32Array.from(series.values),
    ids: roles.series === undefined ? [""] : ids.ids,
  };
}

/** @throws BAD_SERIES where commas are several things, or could be */
function commasAreDecimal({ decimal, thousands, points, unclear }: CommaEvidence): boolean {
  const isGrouped = thousands.count > 0 || points.count > 0;
  if (decimal.count > 0 && isGrouped) {
    const other =
      thousands.count > 0 ? `between thousands (${thousands})` : `where others have a point (${points})`;
    throw badSeries(
      `commas stand before fractions (${decimal}) and ${other}`,
      "one kind; decimal says which (--decimal on the command line)",
    );
  }
  if (unclear.count > 0 && decimal.count === 0 && !isGrouped) {
    throw badSeries(
      `commas could stand before fractions or between thousands: ${unclear}`,
      'decimal: "," or "." (--decimal on the command line)',
    );
  }
  return decimal.count > 0;
}

interface Names {
  readonly target: readonly string[];
  readonly known: readonly string[];
  readonly past: readonly string[];
}

/** Where each series begins and ends, and nothing is missing between. */
function finished(
  grids: readonly GridSeries[],
  names: Names,
  { gaps }: FilledSeriesOptions,
  findings: Finding[],
  textOf: (time: number) => string,
): Series[] {
  const leading = new Places();
  const trailing = new Places();
  const future = new Places();
  let leadingRows = 0;
  let trailingRows = 0;
  let futureRows = 0;
  const cut = grids.map((grid): { grid: GridSeries; length: number } => {
    const size = grid.isAbsent.length;
    const label = grid.id === "" ? "" : ` in ${show(grid.id)}`;
    const at = (row: number) => `${textOf(grid.times[row] ?? row)}${label}`;
    const end = 1 + Math.max(...names.target.map((name) => lastOf(grid.columns[name]!)));
    if (end === 0) throw badSeries(`column ${show(names.target[0])} has no number${label}`, "numbers");
    const starts = [...names.target, ...names.known, ...names.past].map((name) => {
      const start = firstOf(grid.columns[name]!);
      if (start >= end)
        throw badSeries(`column ${show(name)} has no number${label} where the target has one`, "numbers");
      return start;
    });
    const start = Math.max(...starts);
    const rows = Math.max(end, ...names.known.map((name) => 1 + lastOf(grid.columns[name]!)));
    if (start > 0) {
      leadingRows += start;
      leading.add(() => at(0));
    }
    if (rows < size) {
      trailingRows += size - rows;
      trailing.add(() => at(rows));
    }
    if (rows > end) {
      futureRows += rows - end;
      future.add(() => at(end));
    }
    return { grid: sliced(grid, start, rows), length: end - start };
  });
  if (leadingRows > 0) {
    findings.push({
      code: "LEADING",
      count: leadingRows,
      message: `${counted(leadingRows, "row", "rows")} at the beginning, from ${leading} on, before some column's first number; left out.`,
    });
  }
  const gapsFound = gapFinding(
    cut.map(({ grid }) => grid),
    cut.map(({ length }) => length),
    gaps,
    textOf,
  );
  if (gapsFound) findings.push(gapsFound);
  const missing = missingFinding(cut, names, gaps, textOf);
  if (missing) findings.push(missing);
  if (trailingRows > 0) {
    findings.push({
      code: "TRAILING",
      count: trailingRows,
      message: `${counted(trailingRows, "row", "rows")} at the end, from ${trailing} on, without anything that is used; left out.`,
    });
  }
  if (futureRows > 0) {
    findings.push({
      code: "FUTURE",
      count: futureRows,
      message: `${counted(futureRows, "row is", "rows are")} of the future, from ${future} on: no target, and what is known in advance.`,
    });
  }
  return cut.map(({ grid, length }) => {
    const rule = gaps === "refuse" ? "last" : gaps;
    for (const name of [...names.target, ...names.past])
      fillGaps(grid.columns[name]!.subarray(0, length), rule);
    for (const name of names.known) fillGaps(grid.columns[name]!, rule);
    const rows = grid.isAbsent.length;
    return { id: grid.id, length, rows, times: grid.times, columns: grid.columns };
  });
}

function sliced({ id, times, columns, isAbsent }: GridSeries, start: number, end: number): GridSeries {
  return {
    id,
    times: times.slice(start, end),
    columns: Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [name, values.slice(start, end)]),
    ),
    isAbsent: isAbsent.slice(start, end),
  };
}

/** Cells without a value, in rows that are there. */
function missingFinding(
  cut: readonly { grid: GridSeries; length: number }[],
  names: Names,
  gaps: FilledSeriesOptions["gaps"],
  textOf: (time: number) => string,
): Finding | undefined {
  const places = new Places();
  for (const { grid, length } of cut) {
    for (const name of [...names.target, ...names.known, ...names.past]) {
      const values = grid.columns[name]!;
      const end = names.known.includes(name) ? values.length : length;
      for (let i = 0; i < end; i++) {
        if (!Number.isNaN(values[i]) || grid.isAbsent[i] === 1) continue;
        places.add(
          () =>
            `${show(name)} at ${textOf(grid.times[i] ?? i)}${grid.id === "" ? "" : ` in ${show(grid.id)}`}`,
        );
      }
    }
  }
  if (places.count === 0) return undefined;
  const found = `${counted(places.count, "value is", "values are")} not there: ${places}`;
  if (gaps === "refuse") {
    throw badSeries(
      found,
      'every value, or a rule: gaps: "interpolate" or "last" (--gaps on the command line)',
    );
  }
  const how =
    gaps === "last" ? "by the value before" : "on the line between the values around, or by the last one";
  return { code: "MISSING", count: places.count, message: `${found}. They were filled ${how}.` };
}

function firstOf(values: Float64Array): number {
  const at = values.findIndex((value) => !Number.isNaN(value));
  return at < 0 ? values.length : at;
}

const lastOf = (values: Float64Array) => values.findLastIndex((value) => !Number.isNaN(value));
