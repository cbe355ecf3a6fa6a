/** What tests of series share. */
import type { Series, SeriesSet } from "../../../src/data/series/series.ts";

/** The first series of a set. */
export const firstOf = ({ series }: SeriesSet): Series => series[0]!;

/** Times of the first series, as text in UTC; those at midnight as dates. */
export const timesOf = (set: SeriesSet): string[] => Array.from(firstOf(set).times ?? [], iso);

export const iso = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace(/T00:00:00\.000Z$/, "")
    .replace(".000Z", "Z");

export const column = (set: SeriesSet, name: string): number[] => [...firstOf(set).columns[name]!];

/** Findings by their codes, without those that only say which column was found. */
export const codesOf = ({ findings }: SeriesSet): string[] =>
  findings.map(({ code }) => code).filter((code) => !/_FOUND$/.test(code));

export const messageOf = ({ findings }: SeriesSet, code: string): string =>
  findings.find((finding) => finding.code === code)?.message ?? "";

/** A CSV file of times and numbers that count on. */
export const csvOf = (times: readonly string[], name = "date"): string =>
  [`${name},y`, ...times.map((time, i) => `"${time}",${i + 1}`)].join("\n");
