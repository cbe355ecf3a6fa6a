/** What an optimiser keeps from step to step, in linear memory; all zero at first. */
import { LstmkitError } from "../errors.ts";
import { optimizerKindOf } from "../optimizers/index.ts";
import type { AnyOptimizer, OptimizerNow } from "../optimizers/kind.ts";
import { rateAt } from "../optimizers/schedules.ts";
import { overwrites } from "../optimizers/shared.ts";
import { clipsByNorm, normChunks, numberNames, type OptimizerState, wantsSquares } from "./step.ts";
import { padWeight, unpadWeight, type Weights } from "./weights.ts";

/** Below the largest float32, 3.4e38, with room for what rounding adds. */
const SAFE = 1e38;

/** What an optimiser keeps, for a file. */
export interface SavedOptimizer {
  /** Of each slot, a dense tensor for every weight. */
  readonly blocks: readonly (readonly Float32Array[])[];
  readonly peak: number;
  readonly fastest: number;
  readonly learningRate: number;
}

export class OptimizerMemory {
  readonly state: OptimizerState;
  readonly #weights: Weights;
  #now: OptimizerNow;

  /** @throws OUT_OF_MEMORY */
  constructor(weights: Weights, optimizer: AnyOptimizer) {
    this.#weights = weights;
    this.#now = { ...optimizer, learningRate: rateAt(optimizer.learningRate, 1) };
    const { table, memory } = weights;
    const { length, placesLength } = table;
    const numbers = numberNames(optimizer).map((name) => Number(this.#now[name as keyof OptimizerNow]));
    const slots = optimizerKindOf(optimizer).slots(this.#now);
    const layout = new Layout();
    const places = {
      numbers: layout.reserve(numbers.length * 8),
      gradient: layout.reserve(length * 4),
      slots: slots.map(() => layout.reserve(length * 4)),
      squares: wantsSquares(this.#now, table) ? layout.reserve(placesLength * 4) : null,
      average: optimizer.useEma ? layout.reserve(length * 4) : null,
      norms: clipsByNorm(optimizer) ? layout.reserve(normChunks(table).length * 8) : null,
    };
    const base = memory.allocate(layout.bytes, "the optimiser's state");
    memory.f64(base, numbers.length).set(numbers);
    const optional = (place: number | null) => (place === null ? 0 : base + place);
    this.state = {
      optimizer,
      numbers: base + places.numbers,
      gradient: base + places.gradient,
      slots: places.slots.map(optional),
      squares: optional(places.squares),
      average: optional(places.average),
      norms: optional(places.norms),
    };
  }

  /** That of the step to come, or of the last. */
  get learningRate(): number {
    return this.#now.learningRate;
  }

  /** From the next step on. @throws BAD_ARGUMENT where a schedule says what it is */
  set learningRate(rate: number) {
    if (typeof this.state.optimizer.learningRate !== "number") {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `learningRate follows the schedule ${this.state.optimizer.learningRate.schedule}, and cannot be set; ` +
          "compile with a number.",
      );
    }
    this.#setRate(rate);
  }

  #setRate(rate: number): void {
    const { numbers, optimizer } = this.state;
    const names = numberNames(optimizer);
    this.#now = { ...this.#now, learningRate: rate };
    this.#weights.memory.f64(numbers, names.length)[names.indexOf("learningRate")] = rate;
  }

  /** The largest gradient and the highest learning rate of a step so far: a velocity remembers both. */
  #peak = 0;
  #fastest = 0;
  /** A bound of the weights. */
  #reach = Infinity;

  /**
   * Before each step: the numbers of that step.
   *
   * @param peak a bound of the step's gradient
   * @returns whether the step could carry a weight to where float32 ends
   */
  begin(peak: number, iteration: number): boolean {
    const { learningRate } = this.state.optimizer;
    if (typeof learningRate !== "number") this.#setRate(rateAt(learningRate, iteration));
    const now = this.#now;
    this.#peak = Math.max(this.#peak, peak);
    this.#fastest = Math.max(this.#fastest, now.learningRate);
    if (overwrites(now, iteration - 1)) this.forgetReach();
    const fastest = { ...now, learningRate: this.#fastest };
    const step = optimizerKindOf(now).reach(fastest, this.#peak, iteration);
    const grown = Math.max(1, Math.abs(1 - (now.weightDecay ?? 0) * now.learningRate));
    // A bound grows; the weights need not have.
    if (!(this.#reach * grown + step < SAFE)) this.#reach = this.#weights.peak();
    this.#reach = this.#reach * grown + step;
    return !(this.#reach < SAFE);
  }

  /** What it keeps, a block for each slot and for the moving average, as they lie in memory; and what bounds steps. */
  read(): SavedOptimizer {
    const { memory, table } = this.#weights;
    const copy = (at: number) =>
      table.specs.map((spec) => unpadWeight(spec, memory.f32(at + spec.offset * 4, spec.length)));
    const { learningRate } = this.#now;
    return { blocks: this.#blocks().map(copy), peak: this.#peak, fastest: this.#fastest, learningRate };
  }

  /** Go on from what read gave. */
  write({ blocks, peak, fastest, learningRate }: SavedOptimizer): void {
    const { memory, table } = this.#weights;
    for (const [i, at] of this.#blocks().entries()) {
      for (const [j, spec] of table.specs.entries())
        padWeight(spec, blocks[i]![j]!, memory.f32(at + spec.offset * 4, spec.length));
    }
    this.#peak = peak;
    this.#fastest = fastest;
    this.#setRate(learningRate);
    this.forgetReach();
  }

  /** How many blocks read gives. */
  get blocks(): number {
    return this.#blocks().length;
  }

  #blocks(): number[] {
    const { slots, average } = this.state;
    return average ? [...slots, average] : [...slots];
  }

  /** The weights were changed by somebody else. */
  forgetReach(): void {
    this.#reach = Infinity;
  }

  /** At the end of a fit: the weights become their moving average, where there is one. */
  finish(iterations: number): void {
    const { average } = this.state;
    if (!average || iterations === 0) return;
    const { memory, address, table } = this.#weights;
    memory.f32(address, table.length).set(memory.f32(average, table.length));
    this.#weights.version++;
    this.forgetReach();
  }

  free(): void {
    this.#weights.memory.free(this.state.numbers);
  }
}

/** Blocks one behind the other, each on a cache line. */
class Layout {
  bytes = 0;

  reserve(bytes: number): number {
    const place = this.bytes;
    this.bytes += Math.ceil(bytes / 64) * 64;
    return place;
  }
}
