/** Numbers that stand for no value: -999 and its like. */
import { show } from "../../options.ts";
import { badSeries, Places } from "./places.ts";
import type { Finding } from "./series.ts";

/** Nines below nothing, as loggers and archives write them. */
const SENTINELS: ReadonlySet<number> = new Set([
  -99.9, -99.99, -99.999, -999, -999.9, -999.99, -999.999, -9999, -9999.9, -9999.99, -99999, -999999,
]);

/** So many times lower than all others it has to be, to be no value for sure. */
const FAR = 3;

/**
 * A column without them. Such a number stands for no value where all others are 0 or more, or it is three times lower
 * than the lowest of them.
 *
 * @throws BAD_SERIES where others are negative, too, and it could be either
 */
export function withoutSentinels(
  name: string,
  values: Float64Array,
  place: (row: number) => string,
): { values: Float64Array; findings: Finding[] } {
  const places = new Places();
  const found = new Set<number>();
  let lowest = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (!(value < 0)) continue;
    if (SENTINELS.has(value)) {
      found.add(value);
      places.add(() => `${place(row)} (${value})`);
    } else lowest = Math.min(lowest, value);
  }
  if (found.size === 0) return { values, findings: [] };
  const all = [...found];
  if (lowest < 0 && all.every((value) => value >= lowest)) return { values, findings: [] };
  if (lowest < 0 && all.some((value) => value >= lowest * FAR)) {
    throw badSeries(
      `column ${show(name)} has numbers that may stand for no value, or be what they are: ${places}`,
      "missing: [] where they are values (--missing none on the command line), or those that stand for no value, such as missing: [-999]",
    );
  }
  const message = `${show(name)}: ${all.join(", ")} was taken for no value, in ${places}.`;
  return {
    values: values.map((value) => (found.has(value) ? Number.NaN : value)),
    findings: [{ code: "SENTINELS", count: places.count, message }],
  };
}
