/** A detector at work: rows as they come, of any of its series. */

import { isOfDays } from "../../data/series/frequency.ts";
import { readNumber, WRITTEN } from "../../data/series/time-formats.ts";
import { Zone } from "../../data/series/zone.ts";
import { LstmkitError } from "../../errors.ts";
import { number, show } from "../../options.ts";
import type { Expecting } from "./expect.ts";
import { type DetectFacts, isState } from "./record.ts";
import { leastPValue } from "./scales.ts";
import { TUNING } from "./settings.ts";
import { type DetectResult, Watch, type WatchedSeries, type WatchRules, type WatchState } from "./watch.ts";

/** Options of `stream()`, and of `predict()` and `evaluate()` beside theirs. */
export interface DetectOptions {
  /** At which p-value there is an alarm: 0.01 is one in a hundred of values that are as those of validation. Default 0.01. */
  alpha?: number;
}

export const aShare = number("a number between 0 and 1", (n) => n > 0 && n < 1);

/** A row that has come. */
export interface DetectRow {
  /** When: milliseconds since 1970, a Date, or a string such as 2024-03-31T02:00. Not where rows are numbered. */
  readonly time?: number | Date | string | null;
  /** Null or NaN where there is none. */
  readonly value: number | null;
  /** Of which series. Default `""`, or the only one. */
  readonly series?: string;
}

/** What a stream remembers: JSON holds it as it is. */
export interface DetectState {
  readonly version: 1;
  /** By the series' ids; those that nothing has come of are left out. */
  readonly series: Readonly<Record<string, WatchState>>;
}

/**
 * Rows that are looked at as they come, in memory that does not grow with them. Calls are done in the order in which they are
 * made. Each series goes on from the end of training; where its first row is from before, it begins anew, without a window.
 */
export interface DetectStream {
  readonly alpha: number;

  /** The next row of a series. @throws BAD_VALUE for what is no row, BAD_ARGUMENT, DISPOSED; nothing has changed then */
  step(row: DetectRow): Promise<DetectResult>;

  /** A copy of what is remembered, plain data. */
  getState(): Promise<DetectState>;

  /** Go on from what a stream of the same detector remembered: the results are those of that stream. @throws BAD_VALUE */
  setState(state: DetectState): Promise<void>;
}

/** The one kind of stream that there is. */
export class Watching implements DetectStream {
  readonly alpha: number;
  readonly #facts: DetectFacts;
  readonly #rules: WatchRules;
  readonly #zone: Zone | undefined;
  readonly #series: ReadonlyMap<string, WatchedSeries>;
  readonly #only: string | undefined;
  #watches = new Map<string, Watch>();
  #last: Promise<unknown> = Promise.resolve();

  /** @throws BAD_ARGUMENT for an alpha that the calibration does not reach */
  constructor(facts: DetectFacts, expecting: Expecting, alpha: number, replace = TUNING.replace) {
    const { calibration } = facts;
    const least = leastPValue(calibration);
    if (alpha < least) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `alpha is ${alpha}; wanted ${least.toPrecision(2)} at least, since there are ${calibration.length} errors of the validation part to compare with. Train with a longer one, or take a higher alpha.`,
      );
    }
    this.alpha = alpha;
    this.#facts = facts;
    this.#zone = facts.timeZone === null ? undefined : new Zone(facts.timeZone);
    this.#series = new Map(facts.series.map((one) => [one.id, one]));
    this.#only = facts.series.length === 1 ? facts.series[0]!.id : undefined;
    this.#rules = {
      ...facts,
      zone: this.#zone,
      alpha,
      replace: Math.max(alpha, replace),
      expect: (series, grid, row, values) => expecting.expect(series, grid, row, values),
    };
  }

  step(row: DetectRow): Promise<DetectResult> {
    return this.#inTurn(async () => {
      const { time, value, series = this.#only ?? "" } = readRow(row);
      const known = this.#series.get(series);
      const at = this.#facts.frequency ? timeOf(time, this.#facts, this.#zone) : null;
      if (!known) return unknown(series, at, value);
      let watch = this.#watches.get(series);
      if (!watch) {
        watch = new Watch(known, this.#rules, null);
        this.#watches.set(series, watch);
      }
      return watch.step(at, value);
    });
  }

  getState(): Promise<DetectState> {
    return this.#inTurn(async () => {
      const begun = [...this.#watches].filter(([, watch]) => watch.hasBegun);
      return { version: 1, series: Object.fromEntries(begun.map(([id, watch]) => [id, watch.state])) };
    });
  }

  setState(state: DetectState): Promise<void> {
    return this.#inTurn(async () => {
      const { version, series } = Object(state) as Partial<DetectState>;
      if (version !== 1 || typeof series !== "object" || series === null) {
        throw new LstmkitError("BAD_VALUE", `the state is ${show(state)}; wanted what getState() gave.`);
      }
      const watches = new Map<string, Watch>();
      for (const [id, own] of Object.entries(series)) {
        const known = this.#series.get(id);
        if (!known || !isState(own, this.#facts.window)) {
          const found = known ? "is not what is remembered of one" : "is none that this detector has learnt";
          throw new LstmkitError(
            "BAD_VALUE",
            `the state's series ${show(id)} ${found}; wanted a state of this detector.`,
          );
        }
        watches.set(id, new Watch(known, this.#rules, own));
      }
      this.#watches = watches;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

function readRow(row: DetectRow): { time: DetectRow["time"]; value: number; series: string | undefined } {
  const { time, value, series } = Object(row) as Partial<DetectRow>;
  const isValue =
    value === null || value === undefined || (typeof value === "number" && Math.abs(value) !== Infinity);
  if (typeof row !== "object" || row === null || !isValue) {
    throw new LstmkitError(
      "BAD_VALUE",
      `a row's value is ${show(Object(row).value)}; wanted a finite number, or null where there is none.`,
    );
  }
  if (series !== undefined && typeof series !== "string") {
    throw new LstmkitError("BAD_VALUE", `a row's series is ${show(series)}; wanted its id, a string.`);
  }
  return { time, value: value ?? Number.NaN, series };
}

/**
 * A time as series have it: milliseconds as they are; of a string the instant where it says its offset or there is a zone,
 * and what it shows elsewhere.
 *
 * @throws BAD_VALUE for what is no time
 */
export function timeOf(
  time: DetectRow["time"],
  { frequency }: Pick<DetectFacts, "frequency">,
  zone: Zone | undefined,
): number {
  const ms = time instanceof Date ? time.getTime() : time;
  if (typeof ms === "number" && !Number.isNaN(readNumber(ms, "unix-milliseconds"))) return ms;
  if (typeof ms === "string") {
    for (const format of WRITTEN) {
      const read = format.read(ms.trim());
      if (!read) continue;
      const { clock, offset, monthFirst = Number.NaN } = read;
      if (!Number.isNaN(monthFirst) && !Number.isNaN(clock) && monthFirst !== clock) break;
      const shown = Number.isNaN(clock) ? monthFirst : clock;
      const isInstant = zone !== undefined && frequency !== null && !isOfDays(frequency);
      const found = isInstant ? (offset === undefined ? zone.instants(shown)[0] : shown - offset) : shown;
      if (found !== undefined && !Number.isNaN(found)) return found;
      break;
    }
  }
  throw new LstmkitError(
    "BAD_VALUE",
    `a row's time is ${show(time)}; wanted milliseconds, a Date, or a string such as "2024-03-31T02:00".`,
  );
}

function unknown(series: string, time: number | null, value: number): DetectResult {
  return {
    ...{ series, time, value: Number.isNaN(value) ? null : value },
    ...{ expected: null, score: null, p: null, alarm: false, status: "unknown" },
    ...{ filled: 0, restarted: false, settled: false },
  };
}
