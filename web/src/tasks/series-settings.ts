/** The settings of how a file of series is read: flags of the command line, with their defaults. */
import type { SeriesCsvOptions } from "lstmkit/data";
import { oneOf, type Rule, text } from "./fields.ts";

/** How a file is read. */
export const SERIES_RULES = {
  target: text("target"),
  time: text("time"),
  series: text("series"),
  known: text("known"),
  past: text("past"),
  frequency: { ...text("frequency"), more: true },
  timeZone: { ...text("time-zone"), more: true },
  gaps: { ...oneOf("gaps", "interpolate", "last", "refuse"), more: true },
  duplicates: { ...oneOf("duplicates", "refuse", "mean", "sum", "first", "last"), more: true },
} satisfies Record<string, Rule>;

/** Empty ones left out, lists of names taken apart. */
export function readingOf(values: Readonly<Record<keyof typeof SERIES_RULES, string>>): SeriesCsvOptions {
  const lists = ["target", "known", "past"];
  const entries = Object.entries(values)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => [
      name,
      lists.includes(name) ? value.split(",").map((column) => column.trim()) : value,
    ]);
  return Object.fromEntries(entries) as SeriesCsvOptions;
}
