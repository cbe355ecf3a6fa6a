/** Times as text, as the rows they were read from have them. */
import { timeText } from "./frequency.ts";
import type { SeriesSet } from "./series.ts";
import { Zone } from "./zone.ts";

/** What of a set says how its times are written. */
export type Times = Pick<SeriesSet, "frequency" | "timeZone">;

/** Times as text: with the zone's offset where there is one. */
export function timeWriter({ frequency, timeZone }: Times): (time: number) => string {
  const zone = timeZone === null ? undefined : new Zone(timeZone);
  return (time) => timeText(time, frequency, zone?.offset(time));
}
