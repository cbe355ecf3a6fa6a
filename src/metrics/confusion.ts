import { type Option, wholeNumber } from "../options.ts";
import type { MetricKind } from "./kind.ts";
import { aThreshold } from "./options.ts";

export interface ConfusionConfig {
  /** An output above it is a positive; a probability. Default 0.5. */
  threshold?: number;
  /** The one unit that is looked at. Default all of them, together. */
  classId?: number;
}

type Counted = Readonly<{ name: string; threshold: number; classId?: number }>;

/** What precision and recall share: sums are true positives, false positives and false negatives. */
export const confusion = {
  options: {
    threshold: { ...aThreshold, fallback: 0.5 },
    classId: { ...wholeNumber(0), fallback: undefined },
  } as Readonly<Record<string, Option>>,
  targets: "outputs",
  unfit: ({ name, classId = 0 }, units) =>
    classId < units
      ? undefined
      : `${name} has classId ${classId}, and the model ends in units 0 to ${units - 1}.`,
  sums: () => 3,
  add:
    (k, { threshold, classId }) =>
    (sums, y, targets, keep, rows, units, ld) => {
      const [from, to] = classId === undefined ? [0, units] : [classId, classId + 1];
      k.sumConfusion(sums, y, targets, keep, rows, units, ld, threshold, from, to);
    },
} as const satisfies Partial<MetricKind<Counted>>;
