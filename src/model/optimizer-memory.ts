/** What an optimiser keeps from step to step, in linear memory; all zero at first. */
import { optimizerKindOf } from "../optimizers/index.ts";
import type { AnyOptimizer } from "../optimizers/kind.ts";
import type { Weights } from "./weights.ts";
import type { OptimizerState } from "./worker.ts";

export class OptimizerMemory {
  readonly state: OptimizerState;
  /** Steps taken. */
  iterations = 0;
  readonly #weights: Weights;

  /** @throws OUT_OF_MEMORY */
  constructor(weights: Weights, optimizer: AnyOptimizer) {
    this.#weights = weights;
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

  free(): void {
    this.#weights.memory.free(this.state.numbers);
  }
}
