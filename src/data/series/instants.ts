/** From what cells show to the times of a series: instants where a zone is known, else a clock's or a calendar's. */
import { DAY, modulo } from "./clock.ts";
import { isOfDays, offsetName } from "./frequency.ts";
import { counted, Places } from "./places.ts";
import type { Finding, Frequency } from "./series.ts";
import type { ReadTimes } from "./time-column.ts";
import type { Zone } from "./zone.ts";

/** The time of every row. */
export interface RowTimes {
  /** Milliseconds since 1970, as a Series has them; NaN for rows that are left out. */
  readonly times: Float64Array;
  /** Whether rows are days or longer, as a calendar has them. */
  readonly areDays: boolean;
  /** The zone's name, where times are instants. */
  readonly timeZone: string | null;
  readonly findings: readonly Finding[];
}

/** What {@link rowTimes} needs to know of the rows. */
export interface RowTimesOptions {
  readonly zone: Zone | undefined;
  readonly frequency: Frequency | undefined;
  /** The series of every row; null where there is one. */
  readonly series: Int32Array | null;
  readonly place: (row: number) => string;
}

/** The times of rows. An hour that comes twice is the earlier one first, in the order of the rows. */
export function rowTimes({ clock, offsets }: ReadTimes, options: RowTimesOptions): RowTimes {
  const { zone, frequency } = options;
  const instants = offsets && clock.map((shown, row) => shown - offsets[row]!);
  const shown = instants && zone ? instants.map((instant) => zone.clock(instant)) : clock;
  if (frequency ? isOfDays(frequency) : haveOneClock(shown)) {
    return { times: shown, areDays: true, timeZone: null, findings: [] };
  }
  if (instants)
    return zone ? { ...ofClock(instants), timeZone: zone.name } : withOwnOffsets(instants, offsets);
  return zone ? resolved(clock, zone, options) : ofClock(clock);
}

const ofClock = (times: Float64Array): RowTimes => ({ times, areDays: false, timeZone: null, findings: [] });

/** Whether all rows show the same time of the day: then they are days. */
function haveOneClock(clock: Float64Array): boolean {
  const ofDay = clock.length > 0 ? modulo(clock[0]!, DAY) : 0;
  return clock.every((time) => modulo(time, DAY) === ofDay);
}

function withOwnOffsets(instants: Float64Array, offsets: Float64Array): RowTimes {
  const [first = 0] = offsets;
  if (offsets.every((offset) => offset === first)) {
    return { ...ofClock(instants), timeZone: first === 0 ? "UTC" : offsetName(first) };
  }
  const changes = offsets.reduce(
    (sum, offset, row) => sum + (row > 0 && offset !== offsets[row - 1] ? 1 : 0),
    0,
  );
  const finding = {
    code: "OFFSETS",
    count: changes,
    message:
      `The offsets from UTC change ${counted(changes, "time")}, as with summer time. The instants are exact; hours of the ` +
      "day and weekdays are those of UTC. Name the zone for those of its clocks: timeZone (--time-zone on the command line).",
  };
  return { ...ofClock(instants), timeZone: "UTC", findings: [finding] };
}

/** Instants of what a zone's clocks show. */
function resolved(clock: Float64Array, zone: Zone, { series, place }: RowTimesOptions): RowTimes {
  const times = new Float64Array(clock.length);
  const never = new Places();
  const twice = new Places();
  const once = new Places();
  /** By series and clock: how often an hour that comes twice has been seen, and where first. */
  const seen = new Map<string, number>();
  const isBackward = clock.length > 1 && clock[0]! > clock[clock.length - 1]!;
  for (let i = 0; i < clock.length; i++) {
    const row = isBackward ? clock.length - 1 - i : i;
    const found = zone.instants(clock[row]!);
    let [instant = Number.NaN] = found;
    if (found.length === 0) never.add(() => place(row));
    if (found.length > 1) {
      const key = `${series?.[row] ?? 0} ${clock[row]}`;
      const before = seen.get(key) ?? 0;
      seen.set(key, before + 1);
      if (before > 0) [, instant = instant] = found;
      (before === 1 ? twice : once).add(() => place(row));
    }
    times[row] = instant;
  }
  const findings: Finding[] = [];
  if (never.count > 0) {
    findings.push({
      code: "NO_SUCH_TIME",
      count: never.count,
      message: `${counted(never.count, "row has a time", "rows have times")} that clocks in ${zone.name} leave out when summer time begins: ${never}; left out.`,
    });
  }
  if (seen.size > 0) {
    const single = seen.size - twice.count;
    findings.push({
      code: "TIME_TWICE",
      count: seen.size,
      message:
        `${counted(seen.size, "time is", "times are")} there twice on clocks in ${zone.name}, when summer time ends: the first row is the earlier one` +
        (single > 0
          ? `; ${counted(single, "of them has", "of them have")} one row, which is the earlier one.`
          : "."),
    });
  }
  return { times, areDays: false, timeZone: zone.name, findings };
}
