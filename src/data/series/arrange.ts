/** Rows of a table as series: sorted, each time once, at equal distances, and without gaps. */
import { show } from "../../options.ts";
import { type DuplicateRule, distinctTimes } from "./duplicates.ts";
import { type GapRule, Runs } from "./fill.ts";
import { fixedStep, floorTo, frequencyName, type Grid, gridOf, timeText } from "./frequency.ts";
import { inferFrequency, keeps } from "./infer.ts";
import { badSeries, counted, Places } from "./places.ts";
import type { Rows } from "./rows.ts";
import type { Finding, Frequency } from "./series.ts";
import { type Jump, looksLikeSummerTime } from "./summer-time.ts";
import { Zone } from "./zone.ts";

/** By what rules. */
export interface ArrangeOptions {
  readonly frequency: Frequency | undefined;
  readonly gaps: GapRule;
  readonly duplicates: DuplicateRule | undefined;
}

/** A series on its grid; NaN where nothing is known. */
export interface GridSeries {
  readonly id: string;
  readonly times: Float64Array;
  readonly columns: Readonly<Record<string, Float64Array>>;
  /** Whether no row had this time. */
  readonly isAbsent: Uint8Array;
}

/** Rows at most that a grid has for one that is there: beyond that, a file of gaps would fill the memory. */
const MOST_WIDER = 10;
const FREE = 1000;

/** @throws BAD_SERIES for times without a frequency, and for what a rule refuses */
export function arrange(
  rows: Rows,
  options: ArrangeOptions,
): { series: GridSeries[]; frequency: Frequency; findings: Finding[] } {
  const findings: Finding[] = [];
  const zone = rows.timeZone === null ? undefined : new Zone(rows.timeZone);
  const times = options.frequency ? snapped(rows, options.frequency, zone, findings) : rows.times;
  const order = sortedRows(rows, times, findings);
  const distinct = order.map((of) => uniqueTimes(of, times));
  const frequency = options.frequency ?? inferred(distinct, rows, order, times);
  const textOf = (time: number) => timeText(time, frequency, zone?.offset(time));
  const grids = distinct.map((of) => gridOf(frequency, of));
  const sizes = distinct.map((of, s) => (of.length === 0 ? 0 : grids[s]!.indexOf(of[of.length - 1]!) + 1));
  refuseSparse(distinct, sizes, rows.ids, frequency);
  const missing = distinct.map((of, s) => runsMissing(of, grids[s]!.indexOf));
  const doubled = order.map((of, s) => runsDoubled(of, times, distinct[s]!, grids[s]!.indexOf));
  const isSummer =
    !rows.areDays &&
    rows.timeZone === null &&
    doubled.every((jumps, s) => looksLikeSummerTime(jumps, missing[s]!, fixedStep(frequency)!));
  const seen = distinctTimes(rows, order, times, {
    rule: options.duplicates ?? (isSummer ? "mean" : "refuse"),
    textOf,
    findings,
    hint: duplicatesHint(rows),
  });
  if (isSummer) findings.push(summerTime(doubled, missing, textOf));
  const series = seen.map(({ times: of, columns }, s): GridSeries => {
    const [grid, size] = [grids[s]!, sizes[s]!];
    const places = Int32Array.from(of, (time) => grid.indexOf(time));
    const isAbsent = new Uint8Array(size).fill(1);
    for (const place of places) isAbsent[place] = 0;
    const isWhole = of.length === size;
    const spread = (values: Float64Array) => {
      if (isWhole) return values;
      const wide = new Float64Array(size).fill(Number.NaN);
      for (let i = 0; i < places.length; i++) wide[places[i]!] = values[i]!;
      return wide;
    };
    return {
      id: rows.ids[s]!,
      times: isWhole ? of : timesOf(grid, size),
      columns: Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, spread(values)])),
      isAbsent,
    };
  });
  return { series, frequency, findings };
}

function timesOf(grid: Grid, size: number): Float64Array {
  const times = new Float64Array(size);
  for (let i = 0; i < size; i++) times[i] = grid.timeAt(i);
  return times;
}

/** Times as they are where they keep a frequency that was named; else the step that each lies in. */
function snapped(
  rows: Rows,
  frequency: Frequency,
  zone: Zone | undefined,
  findings: Finding[],
): Float64Array {
  const order = sortedRows(rows, rows.times, []);
  if (
    keeps(
      order.map((of) => uniqueTimes(of, rows.times)),
      frequency,
    )
  )
    return rows.times;
  let moved = 0;
  const times = rows.times.map((time) => {
    const offset = zone?.offset(time) ?? 0;
    const step = floorTo(frequency, time + offset) - offset;
    if (step !== time && !Number.isNaN(time)) moved++;
    return step;
  });
  if (moved > 0) {
    findings.push({
      code: "STEPS",
      count: moved,
      message: `${counted(moved, "row lies", "rows lie")} between the steps of ${frequencyName(frequency)}; each counts for the step that it lies in.`,
    });
  }
  return times;
}

/** Of each series its rows, by their times; rows of the same time as they stand. */
function sortedRows({ series, ids, place }: Rows, times: Float64Array, findings: Finding[]): Int32Array[] {
  const counts = new Int32Array(ids.length);
  for (let row = 0; row < times.length; row++) {
    if (!Number.isNaN(times[row])) counts[series?.[row] ?? 0]!++;
  }
  const order = Array.from(counts, (count) => new Int32Array(count));
  const filled = new Int32Array(ids.length);
  const unsorted = new Places();
  for (let row = 0; row < times.length; row++) {
    if (Number.isNaN(times[row])) continue;
    const s = series?.[row] ?? 0;
    const at = filled[s]!++;
    order[s]![at] = row;
    if (at > 0 && times[row]! < times[order[s]![at - 1]!]!) unsorted.add(() => place(row));
  }
  if (unsorted.count === 0) return order;
  findings.push({
    code: "UNSORTED",
    count: unsorted.count,
    message: `${counted(unsorted.count, "row is", "rows are")} earlier than the row before: ${unsorted}. The rows were sorted by time.`,
  });
  return order.map((of) => of.sort((a, b) => times[a]! - times[b]! || a - b));
}

function uniqueTimes(order: Int32Array, times: Float64Array): Float64Array {
  const unique = new Float64Array(order.length);
  let length = 0;
  for (const row of order) {
    const time = times[row]!;
    if (length === 0 || unique[length - 1] !== time) unique[length++] = time;
  }
  return unique.subarray(0, length);
}

/** @throws BAD_SERIES where there is no frequency, or rows do not keep it */
function inferred(
  distinct: readonly Float64Array[],
  rows: Rows,
  order: readonly Int32Array[],
  times: Float64Array,
): Frequency {
  const { frequency, agree, distances } = inferFrequency(distinct);
  const name = `column ${show(rows.timeName)}`;
  const remedy =
    'or frequency (--frequency on the command line), such as "hour" or "15 minutes": a row then counts for the step that it lies in';
  if (distances === 0)
    throw badSeries(`${name} has one time in each series`, `rows at two times or more, ${remedy}`);
  if (!frequency) {
    throw badSeries(
      `${name}: rows are mostly less than a second apart`,
      `whole seconds, ${remedy}; or no column of times`,
    );
  }
  if (keeps(distinct, frequency)) return frequency;
  const off = new Places();
  const zone = rows.timeZone === null ? undefined : new Zone(rows.timeZone);
  distinct.forEach((of, s) => {
    if (of.length === 0) return;
    const grid = gridOf(frequency, of);
    for (const row of order[s]!) {
      const time = times[row]!;
      if (!Number.isInteger(grid.indexOf(time))) {
        off.add(() => `${rows.place(row)} (${timeText(time, frequency, zone?.offset(time))})`);
      }
    }
  });
  const hasZone = !rows.areDays && (zone === undefined || rows.timeZone === "UTC");
  throw badSeries(
    `${name}: the distance from row to row is mostly ${frequencyName(frequency)} (${agree} of ${distances}), but ` +
      `${counted(off.count, "row does", "rows do")} not keep it: ${off}`,
    `equal distances, ${remedy}${hasZone ? "; where the clock has summer time, its timeZone (--time-zone)" : ""}`,
  );
}

function refuseSparse(
  distinct: readonly Float64Array[],
  sizes: readonly number[],
  ids: readonly string[],
  frequency: Frequency,
): void {
  sizes.forEach((size, s) => {
    const there = distinct[s]!.length;
    if (size <= there * MOST_WIDER + FREE) return;
    throw badSeries(
      `${ids.length > 1 ? `series ${show(ids[s])} has ` : ""}${counted(there, "row")} where a row a ${frequencyName(frequency)} would be ${size}`,
      `a row in ${MOST_WIDER} at least, or a longer frequency (--frequency on the command line)`,
    );
  });
}

/** Runs of steps without a row. */
function runsMissing(times: Float64Array, indexOf: (time: number) => number): Jump[] {
  const jumps: Jump[] = [];
  for (let i = 1; i < times.length; i++) {
    const rows = indexOf(times[i]!) - indexOf(times[i - 1]!) - 1;
    if (rows > 0) jumps.push({ at: times[i - 1]! + (times[i]! - times[i - 1]!) / (rows + 1), rows });
  }
  return jumps;
}

/** Runs of steps with two rows; where one has more, a run that is none of summer time's. */
function runsDoubled(
  order: Int32Array,
  times: Float64Array,
  distinct: Float64Array,
  indexOf: (time: number) => number,
): Jump[] {
  if (order.length === distinct.length) return [];
  const jumps: { at: number; rows: number; next: number }[] = [];
  for (let i = 1; i < order.length; i++) {
    const time = times[order[i]!]!;
    if (time !== times[order[i - 1]!]!) continue;
    const index = indexOf(time);
    const last = jumps.at(-1);
    if (last?.next === index) {
      last.rows++;
      last.next++;
    } else jumps.push({ at: time, rows: 1, next: index + 1 });
  }
  return jumps;
}

function summerTime(
  doubled: readonly (readonly Jump[])[],
  missing: readonly (readonly Jump[])[],
  textOf: (time: number) => string,
): Finding {
  const twice = doubled.flat();
  const first = twice[0] ?? missing.flat()[0]!;
  return {
    code: "SUMMER_TIME",
    count: twice.length,
    message:
      `It looks like a clock with summer time (an hour ${twice.length > 0 ? "there twice" : "left out"} at ${textOf(first.at)}): ` +
      `${twice.length > 0 ? "of rows at the same time the mean was taken, and " : ""}hours that are not there count as gaps. ` +
      "Name the zone and they are right: timeZone (--time-zone on the command line).",
  };
}

function duplicatesHint({ seriesCandidates }: Rows): string {
  return seriesCandidates.length === 0
    ? ""
    : `; or, where these are several series, the column that tells them apart: series (--series), perhaps ${seriesCandidates
        .slice(0, 3)
        .map((name) => show(name))
        .join(" or ")}`;
}

/** Gaps as a finding: rows that are not there in what is history. */
export function gapFinding(
  series: readonly GridSeries[],
  lengths: readonly number[],
  rule: GapRule,
  textOf: (time: number) => string,
): Finding | undefined {
  let total = 0;
  let count = 0;
  let longest = 0;
  let longestAt = "";
  const first = new Places();
  series.forEach(({ id, times, isAbsent }, s) => {
    const runs = new Runs();
    for (let i = 0; i < lengths[s]!; i++) runs.add(i, isAbsent[i] === 1);
    if (runs.count === 0) return;
    const name = id === "" ? "" : ` in ${show(id)}`;
    total += runs.total;
    count += runs.count;
    first.add(() => `${textOf(times[runs.firstAt]!)}${name}`);
    if (runs.longest > longest) {
      longest = runs.longest;
      longestAt = `${textOf(times[runs.longestAt]!)}${name}`;
    }
  });
  if (total === 0) return undefined;
  const found =
    `${counted(total, "row is", "rows are")} not there, in ${counted(count, "gap")}; the first at ${first}, the longest of ` +
    `${counted(longest, "row")} at ${longestAt}`;
  if (rule === "refuse") {
    throw badSeries(
      found,
      'no gaps, or a rule for them: gaps: "interpolate" or "last" (--gaps on the command line)',
    );
  }
  const how = rule === "last" ? "by the value before" : "on the line between the values around";
  return { code: "GAPS", count: total, message: `${found}. They were filled ${how}.` };
}
