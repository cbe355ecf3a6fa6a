/** Windows as views: where a series is cut, what level it has there, and what a model reads of it. */
import type { Frame } from "./frame.ts";
import type { Center } from "./settings.ts";

/** What a window is made of. */
export interface Layout {
  readonly window: number;
  readonly horizon: number;
  /** Columns that are forecast, those known for the past alone, and those known in advance with calendar and holidays. */
  readonly targets: number;
  readonly past: number;
  readonly known: number;
  /** Rows that targets are looked up earlier, for each step of the horizon. */
  readonly lags: readonly number[];
  readonly center: Center;
  /** Rows of the season that a seasonal center goes by; 0 for none. */
  readonly season: number;
}

/** Numbers of a row that the encoder reads. */
export const encoderWidth = ({ targets, past, known }: Layout): number => targets + past + known;

/** Numbers of a step of the horizon that are known in advance; where there are none there is no decoder. */
export const decoderWidth = ({ known, lags, targets }: Layout): number => known + lags.length * targets;

/** Rows that have to be before an origin. */
export const rowsNeeded = ({ window, lags }: Pick<Layout, "window" | "lags">): number =>
  Math.max(window, ...lags);

/** The level of a column in a window, and its size. */
interface Level {
  center: number;
  size: number;
}

/** Under a standard deviation that is nearly 0, nothing could be learnt: as in the practice of RevIN it is kept off 0. */
const LEAST_SIZE = 1e-3;

/** Reads windows of series. One is open at a time; nothing is copied before it is asked for. */
export class Windows {
  readonly layout: Layout;
  readonly #frames: readonly Frame[];
  readonly #levels: Level[];
  readonly #drift: Float64Array;
  #frame!: Frame;
  #origin = 0;

  constructor(frames: readonly Frame[], layout: Layout) {
    this.#frames = frames;
    this.layout = layout;
    this.#levels = Array.from({ length: layout.targets + layout.past }, () => ({ center: 0, size: 1 }));
    this.#drift = new Float64Array(layout.targets);
  }

  /** Go to the window before a row of a series. */
  open(series: number, origin: number): void {
    this.#frame = this.#frames[series]!;
    this.#origin = origin;
    const { targets, past } = this.layout;
    for (let k = 0; k < targets; k++) this.#level(k, this.#frame.targets[k]!);
    for (let k = 0; k < past; k++) this.#level(targets + k, this.#frame.past[k]!);
    if (this.layout.center === "seasonal") {
      for (let k = 0; k < targets; k++) this.#drift[k] = this.#driftOf(this.#frame.targets[k]!);
    }
  }

  /** What a target's window is divided by. */
  size(target: number): number {
    return this.#levels[target]!.size;
  }

  /** The forecast that the network's is added to, once for the window. */
  base(target: number, step: number): number {
    const { center, season } = this.layout;
    if (center !== "seasonal") return this.#levels[target]!.center;
    const rounds = 1 + Math.floor(step / season);
    return (
      this.#frame.targets[target]![this.#origin - season + (step % season)]! + rounds * this.#drift[target]!
    );
  }

  /** What the network is to say: the target, less the base, by the window's size. */
  wanted(target: number, step: number): number {
    const value = this.#frame.targets[target]![this.#origin + step]!;
    return (value - this.base(target, step)) / this.size(target);
  }

  /** The window of a target or of a column of the past, oldest row first, `rows` of them at most. */
  writeColumn(out: Float64Array, at: number, column: number, rows: number): void {
    const { targets } = this.layout;
    const values = column < targets ? this.#frame.targets[column]! : this.#frame.past[column - targets]!;
    const { center, size } = this.#levels[column]!;
    const from = this.#origin - rows;
    for (let i = 0; i < rows; i++) out[at + i] = (values[from + i]! - center) / size;
  }

  /** The encoder's rows: targets, past, known. */
  writeEncoder(out: Float32Array, at: number): void {
    const { window, targets, past, known } = this.layout;
    const width = targets + past + known;
    const from = this.#origin - window;
    for (let c = 0; c < targets + past; c++) {
      const values = c < targets ? this.#frame.targets[c]! : this.#frame.past[c - targets]!;
      const { center, size } = this.#levels[c]!;
      for (let i = 0; i < window; i++) out[at + i * width + c] = (values[from + i]! - center) / size;
    }
    for (let c = 0; c < known; c++) {
      const values = this.#frame.known[c]!;
      for (let i = 0; i < window; i++) out[at + i * width + targets + past + c] = values[from + i]!;
    }
  }

  /** What is known of a step of the horizon: known columns, then each lag of each target. */
  writeStep(out: Float32Array | Float64Array, at: number, step: number): void {
    const { known, lags, targets } = this.layout;
    const row = this.#origin + step;
    for (let c = 0; c < known; c++) out[at + c] = this.#frame.known[c]![row]!;
    let to = at + known;
    for (const lag of lags) {
      for (let k = 0; k < targets; k++) {
        const { center, size } = this.#levels[k]!;
        out[to++] = (this.#frame.targets[k]![row - lag]! - center) / size;
      }
    }
  }

  #level(column: number, values: Float64Array): void {
    const level = this.#levels[column]!;
    const { center, window, season } = this.layout;
    const origin = this.#origin;
    level.size = 1;
    if (center === "none") level.center = 0;
    else if (center === "last") level.center = values[origin - 1]!;
    else if (center === "seasonal") level.center = meanOf(values, origin - season, origin);
    else {
      level.center = meanOf(values, origin - window, origin);
      if (center === "mean") return;
      let squares = 0;
      for (let i = origin - window; i < origin; i++) {
        squares += (values[i]! - level.center) * (values[i]! - level.center);
      }
      level.size = Math.sqrt(squares / window) + LEAST_SIZE;
    }
  }

  /** By how much the last season is above the one before, where the window has two. */
  #driftOf(values: Float64Array): number {
    const { window, season } = this.layout;
    if (window < 2 * season) return 0;
    const origin = this.#origin;
    return meanOf(values, origin - season, origin) - meanOf(values, origin - 2 * season, origin - season);
  }
}

function meanOf(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]!;
  return sum / (to - from);
}
