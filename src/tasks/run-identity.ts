/** What has to be the same for a task's training to go on from a checkpoint. */
import type { SequenceSet } from "../data/labelled/set.ts";
import type { SeriesSet } from "../data/series/series.ts";
import type { RunIdentity } from "../index.ts";
import { show } from "../options.ts";

/** Of `fit()`; what is in it is checked where it is used. */
export const CHECKPOINT_OPTION = {
  wanted:
    'an object { store, every?, resume?, onResume?, onError? }, with every a number of batches or a time such as "30s"',
  accepts: (value: unknown) => typeof value === "object" && value !== null,
  fallback: undefined,
};

/** Each option by itself, so that the one that differs is named. */
export function optionsIdentity(options: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      `the option ${name}`,
      JSON.stringify(value) ?? show(value),
    ]),
  );
}

export const seriesIdentity = ({ series, frequency, timeZone }: SeriesSet): RunIdentity[string] => [
  JSON.stringify([frequency, timeZone]),
  ...series.flatMap(({ id, length, times, columns }) => [
    JSON.stringify([id, length]),
    times,
    ...Object.entries(columns).flat(),
  ]),
];

export const sequencesIdentity = ({
  sequences,
  targets,
  groups,
  ...set
}: SequenceSet): RunIdentity[string] => [
  JSON.stringify([set.input, set.labels, set.features, targets, groups]),
  ...sequences.map((one) => (one instanceof Float64Array ? one : JSON.stringify(one))),
];
