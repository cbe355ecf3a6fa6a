/**
 * The gradient of a whole batch, of what its shards have left, one thread's part of it: partials are summed in the order
 * of shards, what is summed by places is summed by its layer, and the penalties' gradient is added.
 */
import type { Pass } from "../layers/kind.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { stretches } from "../wasm/stretches.ts";
import type { Crew } from "../wasm/threads.ts";
import type { Plan } from "./plan.ts";
import { eachIn, isListed, type OptimizerState, part } from "./step.ts";
import type { PlacedWeight } from "./weights.ts";

export class GradientSum {
  readonly #k: Kernels;
  readonly #plan: Plan;
  readonly #passes: readonly Pass[];
  readonly #base: number;
  readonly #weights: number;
  readonly #state: OptimizerState;
  /** Weights with a penalty: of those whose gradients are summed by places, and of the others. */
  readonly #penalized: Readonly<Record<"places" | "shards", readonly PlacedWeight[]>>;

  /** @param at addresses of the batch's memory and of the weights */
  constructor(
    k: Kernels,
    plan: Plan,
    passes: readonly Pass[],
    at: { readonly base: number; readonly weights: number },
    state: OptimizerState,
  ) {
    this.#k = k;
    this.#plan = plan;
    this.#passes = passes;
    this.#base = at.base;
    this.#weights = at.weights;
    this.#state = state;
    const penalized = plan.table.specs.filter(({ penalty }) => penalty);
    this.#penalized = {
      places: penalized.filter(({ sum }) => sum === "places"),
      shards: penalized.filter(({ sum }) => sum !== "places"),
    };
  }

  /** @returns a bound of this thread's part, or NaN where it or the loss is not finite */
  *take(shards: number, count: number, crew: Crew): Generator<void, number, void> {
    const { partials, losses, signals, table } = this.#plan;
    const { placesLength, shardsLength } = table;
    const { gradient } = this.#state;
    const k = this.#k;
    const [from, n] = part(shardsLength, crew);
    const sums = gradient + (placesLength + from) * 4;
    k.sumShards(sums, this.#base + partials + from * 4, shards, shardsLength, n);
    this.#penalize(this.#penalized.shards, placesLength + from, n);
    let peak = 0;
    for (const [at, own] of stretches(0, n)) peak = Math.max(peak, k.peak(sums + at * 4, own));
    for (const spec of table.specs) {
      if (spec.sum === "places") peak = Math.max(peak, this.#sumPlaces(spec, count, crew));
    }
    if (this.#penalized.places.length > 0) {
      yield; // rows were summed by others
      const [from, n] = part(placesLength, crew);
      this.#penalize(this.#penalized.places, from, n);
      peak = Math.max(peak, k.peak(gradient + from * 4, n));
    }
    const loss = crew.index === 0 ? k.sumFloats(this.#base + losses, count * signals.at(-1)!.T) : 0;
    return Number.isFinite(loss) ? peak : Number.NaN;
  }

  #sumPlaces(spec: PlacedWeight, count: number, { index, size }: Crew): number {
    const { gradient, squares, optimizer } = this.#state;
    const listed = isListed(spec);
    const limit = listed ? (optimizer.clipvalue ?? Infinity) : Infinity;
    const [sums, squared] = [gradient, listed ? squares : 0].map((at) => at && at + spec.offset * 4);
    return this.#passes[spec.layer]!.sumPlaces!(sums!, squared!, count, index, size, limit);
  }

  /** Add the penalties' gradient to that of `n` weights from `from` on. */
  #penalize(specs: readonly PlacedWeight[], from: number, n: number): void {
    const { gradient } = this.#state;
    eachIn(specs, [from, n], ({ penalty }, at, floats) => {
      const { l1, l2 } = penalty!; // they have one
      this.#k.penaltyBackward(gradient + at * 4, this.#weights + at * 4, floats, l1, l2);
    });
  }

  /** Leave what is summed by places zero, as the next batch wants it: nothing is made of this gradient. */
  forget(crew: Crew): void {
    const { gradient, squares } = this.#state;
    const [from, n] = part(this.#plan.table.placesLength, crew);
    this.#k.clear(gradient + from * 4, n);
    if (squares) this.#k.clear(squares + from * 4, n);
  }
}
