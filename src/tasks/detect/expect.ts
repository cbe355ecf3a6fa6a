/** What the network expects behind a window, for one row at a time. */
import { type CalendarFeature, calendar } from "../../data/series/calendar.ts";
import type { Grid } from "../../data/series/frequency.ts";
import type { SeriesSet } from "../../data/series/series.ts";
import type { Model, Runtime } from "../../index.ts";
import type { WatchedSeries } from "./watch.ts";
import { featuresOf, fillWindow } from "./windows.ts";

/** Rows whose calendar is made at once, and kept for the rows to come. */
const BLOCK = 256;

/** Expects values; keeps the calendar of some rows of each series. */
export class Expecting {
  readonly #kit: Runtime;
  readonly #model: Model;
  readonly #times: Pick<SeriesSet, "frequency" | "timeZone">;
  readonly #window: number;
  readonly #features: readonly CalendarFeature[];
  /** By series, and by number of the block. */
  readonly #blocks = new Map<string, Map<number, readonly Float32Array[]>>();

  constructor(
    kit: Runtime,
    model: Model,
    of: Pick<SeriesSet, "frequency" | "timeZone"> & {
      readonly window: number;
      readonly calendar: readonly CalendarFeature[];
    },
  ) {
    this.#kit = kit;
    this.#model = model;
    this.#times = of;
    this.#window = of.window;
    this.#features = of.calendar;
  }

  /** @param values the window before the row */
  async expect(
    series: WatchedSeries,
    grid: Grid | null,
    row: number,
    values: readonly number[],
  ): Promise<number> {
    const window = this.#window;
    const columns =
      grid && this.#features.length > 0 ? await this.#columns(series.id, grid, row - window + 1) : [];
    const features = featuresOf(columns.length);
    const x = new Float32Array(window * features);
    const watched = { values: Float64Array.from(values), calendar: columns, unit: series.unit };
    const mean = fillWindow(x, 0, watched, 0, window);
    const { data } = await this.#model.predict({ data: x, shape: [1, window, features] });
    return mean + data[0]! * series.unit;
  }

  /** The calendar of a window of rows from `first` on, behind a row that nothing asks for. */
  async #columns(id: string, grid: Grid, first: number): Promise<Float32Array[]> {
    const blocks = this.#blocks.get(id) ?? new Map<number, readonly Float32Array[]>();
    this.#blocks.set(id, blocks);
    const last = first + this.#window - 1;
    const from = Math.floor(first / BLOCK);
    for (const number of blocks.keys()) if (number < from) blocks.delete(number);
    const columns: Float32Array[] = [];
    for (let number = from; number <= Math.floor(last / BLOCK); number++) {
      let block = blocks.get(number);
      if (!block) {
        const times = Float64Array.from({ length: BLOCK }, (_, i) => grid.timeAt(number * BLOCK + i));
        ({ columns: block } = await calendar(this.#kit, this.#times, times, this.#features));
        blocks.set(number, block);
      }
      for (const [c, column] of block.entries()) {
        columns[c] ??= new Float32Array(this.#window + 1);
        for (let i = 0; i < BLOCK; i++) {
          const t = number * BLOCK + i - first + 1;
          if (t > 0 && t <= this.#window) columns[c]![t] = column[i]!;
        }
      }
    }
    return columns;
  }
}
