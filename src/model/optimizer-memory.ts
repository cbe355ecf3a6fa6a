/** What an optimiser keeps from step to step, in linear memory; all zero at first. */
import { optimizerKindOf } from "../optimizers/index.ts";
import type { AnyOptimizer } from "../optimizers/kind.ts";
import type { Weights } from "./weights.ts";
import type { OptimizerState } from "./worker.ts";

/** Below the largest float32, 3.4e38, with room for what rounding adds. */
const SAFE = 1e38;

export class OptimizerMemory {
  readonly state: OptimizerState;
  readonly #weights: Weights;

  /** @throws OUT_OF_MEMORY */
  constructor(weights: Weights, optimizer: AnyOptimizer) {
    this.#weights = weights;
    this.#fastest = optimizer.learningRate;
    const { length, placesLength } = weights.table;
    const kind = optimizerKindOf(optimizer);
    const numbers = Object.values(optimizer).filter((value) => typeof value === "number");
    const slots = kind.slots(optimizer);
    const squares = kind.squaresPlaces ? placesLength : 0;
    const gradient = Math.ceil(numbers.length / 8) * 64; // bytes of the numbers before it, on a cache line
    const bytes = gradient + ((1 + slots.length) * length + squares) * 4;
    const base = weights.memory.allocate(bytes, "the optimiser's state");
    weights.memory.f64(base, numbers.length).set(numbers);
    const block = (n: number) => base + gradient + n * length * 4;
    this.state = {
      optimizer,
      numbers: base,
      gradient: block(0),
      slots: slots.map((_, i) => block(1 + i)),
      squares: squares && block(1 + slots.length),
    };
  }

  /** That of the steps to come. */
  set learningRate(rate: number) {
    const { optimizer, numbers } = this.state;
    const names = Object.keys(optimizer).filter(
      (name) => typeof optimizer[name as keyof AnyOptimizer] === "number",
    );
    this.#weights.memory.f64(numbers, names.length)[names.indexOf("learningRate")] = rate;
    this.#fastest = Math.max(this.#fastest, rate);
  }

  /** The highest learning rate so far: a velocity remembers it. */
  #fastest: number;

  /** The largest gradient so far, and a bound of the weights. */
  #peak = 0;
  #reach = Infinity;

  /** Whether the next step could carry a weight to where float32 ends, after gradients up to `peak`. */
  mayOverflow(peak: number, iteration: number): boolean {
    const { optimizer } = this.state;
    this.#peak = Math.max(this.#peak, peak);
    const fastest = { ...optimizer, learningRate: this.#fastest };
    const step = optimizerKindOf(optimizer).reach(fastest, this.#peak, iteration);
    if (!(this.#reach + step < SAFE)) this.#reach = this.#weights.peak(); // a bound grows; the weights need not have
    this.#reach += step;
    return !(this.#reach < SAFE);
  }

  /** The weights were changed by somebody else. */
  forgetReach(): void {
    this.#reach = Infinity;
  }

  free(): void {
    this.#weights.memory.free(this.state.numbers);
  }
}
