/** Rows of the same time: one is made of them, by rule. */
import { show } from "../../options.ts";
import { badSeries, counted, Places } from "./places.ts";
import type { Rows } from "./rows.ts";
import type { Finding } from "./series.ts";

/** What rows of one time become where their values differ. */
export type DuplicateRule = "refuse" | "mean" | "sum" | "first" | "last";

interface Options {
  readonly rule: DuplicateRule;
  readonly textOf: (time: number) => string;
  readonly findings: Finding[];
  /** What else may be done about them. */
  readonly hint: string;
}

/** Rows of a series in the order of their times, each time once. */
export interface DistinctRows {
  readonly times: Float64Array;
  readonly columns: Readonly<Record<string, Float64Array>>;
}

/** @throws BAD_SERIES where rows of one time differ, and the rule refuses that */
export function distinctTimes(
  rows: Rows,
  order: readonly Int32Array[],
  times: Float64Array,
  { rule, textOf, findings, hint }: Options,
): DistinctRows[] {
  const same = new Places();
  const different = new Places();
  const names = Object.keys(rows.columns);
  const series = order.map((of, s): DistinctRows => {
    const columns = names.map(() => new Float64Array(of.length));
    const ofTimes = new Float64Array(of.length);
    let length = 0;
    for (let start = 0; start < of.length; ) {
      const time = times[of[start]!]!;
      let end = start + 1;
      while (end < of.length && times[of[end]!] === time) end++;
      if (end > start + 1) {
        const isSame = names.every((name) => isOneValue(rows.columns[name]!, of, start, end));
        const id = rows.ids[s] === "" ? "" : ` in ${show(rows.ids[s])}`;
        (isSame ? same : different).add(() => `${textOf(time)}${id} (${rows.place(of[start + 1]!)})`);
        names.forEach((name, c) => {
          columns[c]![length] = oneOf(rows.columns[name]!, of, start, end, isSame ? "first" : rule);
        });
      } else {
        for (let c = 0; c < names.length; c++) columns[c]![length] = rows.columns[names[c]!]![of[start]!]!;
      }
      ofTimes[length++] = time;
      start = end;
    }
    return {
      times: ofTimes.subarray(0, length),
      columns: Object.fromEntries(names.map((name, c) => [name, columns[c]!.subarray(0, length)])),
    };
  });
  if (different.count > 0 && rule === "refuse") {
    throw badSeries(
      `${counted(different.count, "time has", "times have")} several rows with different values: ${different}`,
      `one row a time, or a rule: duplicates: "mean", "sum", "first" or "last" (--duplicates on the command line)${hint}`,
    );
  }
  if (same.count > 0) {
    findings.push({
      code: "DUPLICATES",
      count: same.count,
      message: `${counted(same.count, "time has", "times have")} several rows with the same values: ${same}. One was kept.`,
    });
  }
  if (different.count > 0) {
    findings.push({
      code: "DUPLICATES",
      count: different.count,
      message: `${counted(different.count, "time has", "times have")} several rows with different values: ${different}. ${TAKEN[rule]}`,
    });
  }
  return series;
}

const TAKEN: Readonly<Record<DuplicateRule, string>> = {
  refuse: "",
  mean: "The mean was taken.",
  sum: "The sum was taken.",
  first: "The first was taken.",
  last: "The last was taken.",
};

function isOneValue(values: Float64Array, order: Int32Array, start: number, end: number): boolean {
  for (let i = start + 1; i < end; i++) {
    if (!Object.is(values[order[i]!]! + 0, values[order[start]!]! + 0)) return false;
  }
  return true;
}

/** Rows without a value do not count, where others have one. */
function oneOf(
  values: Float64Array,
  order: Int32Array,
  start: number,
  end: number,
  rule: DuplicateRule,
): number {
  let sum = 0;
  let count = 0;
  let first = Number.NaN;
  let last = Number.NaN;
  for (let i = start; i < end; i++) {
    const value = values[order[i]!]!;
    if (Number.isNaN(value)) continue;
    if (count === 0) first = value;
    last = value;
    sum += value;
    count++;
  }
  if (count === 0 || rule === "first") return first;
  if (rule === "last") return last;
  return rule === "mean" ? sum / count : sum;
}
