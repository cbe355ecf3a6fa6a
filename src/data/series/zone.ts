/** Time zones: what clocks show at an instant, and at which instant they show it. */
import { tzOffset } from "@date-fns/tz/tzOffset";
import { LstmkitError } from "../../errors.ts";
import { show } from "../../options.ts";
import { DAY, MINUTE } from "./clock.ts";

const FIXED = /^([+-])(\d{2}):(\d{2})$/;

/**
 * The clocks of a zone. What it knows comes from the engine's time zone database, whose versions may differ in the rules
 * of recent and coming years.
 */
export class Zone {
  readonly name: string;
  /** Milliseconds, where it never changes. */
  readonly #fixed: number | undefined;
  /** By the day since 1970 in UTC: the offset at its beginning. */
  readonly #offsets = new Map<number, number>();

  /**
   * @param name of IANA, such as "Europe/Berlin"; "UTC"; or an offset such as "+05:30"
   * @throws BAD_ARGUMENT for a zone that the engine does not know
   */
  constructor(name: string) {
    const fixed = FIXED.exec(name);
    if (name === "UTC") this.#fixed = 0;
    else if (fixed) this.#fixed = offsetMs(fixed[1]!, Number(fixed[2]), Number(fixed[3]));
    else if (!isZone(name)) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `timeZone is ${show(name)}; wanted a zone of the IANA database, such as "Europe/Berlin", "UTC", or an offset such as "+05:30".`,
      );
    }
    this.name = name;
  }

  /** Milliseconds that clocks are ahead of UTC. */
  offset(instant: number): number {
    if (this.#fixed !== undefined) return this.#fixed;
    const day = Math.floor(instant / DAY);
    const [before, after] = [this.#dayOffset(day), this.#dayOffset(day + 1)];
    return before === after ? before : this.#exact(instant);
  }

  /** What clocks show, as if it were UTC. */
  clock(instant: number): number {
    return instant + this.offset(instant);
  }

  /**
   * The instants at which clocks show it: one; two where an hour comes twice, the earlier first; none where one is
   * left out.
   */
  instants(clock: number): readonly number[] {
    if (this.#fixed !== undefined) return [clock - this.#fixed];
    const earlier = clock - this.offset(clock - DAY);
    const later = clock - this.offset(clock + DAY);
    const found = earlier === later ? [earlier] : [earlier, later].sort((a, b) => a - b);
    return found.filter((instant) => this.clock(instant) === clock);
  }

  #dayOffset(day: number): number {
    let offset = this.#offsets.get(day);
    if (offset === undefined) {
      offset = this.#exact(day * DAY);
      this.#offsets.set(day, offset);
    }
    return offset;
  }

  #exact(instant: number): number {
    return Math.round(tzOffset(this.name, new Date(instant)) * MINUTE);
  }
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return /^[A-Za-z]/.test(name); // some engines take "+05:30" and "+0530" here
  } catch {
    return false;
  }
}

function offsetMs(sign: string, hours: number, minutes: number): number {
  return (sign === "-" ? -1 : 1) * (hours * 60 + minutes) * MINUTE;
}
