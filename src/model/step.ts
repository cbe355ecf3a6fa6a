/**
 * A step of the optimiser, one thread's part of it: the gradient is clipped, the weights decay, move, and are added
 * to their moving average. What an optimiser was not asked for costs nothing.
 */
import { optimizerKindOf } from "../optimizers/index.ts";
import type { AnyOptimizer, OptimizerNow } from "../optimizers/kind.ts";
import { overwrites } from "../optimizers/shared.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { stretches } from "../wasm/stretches.ts";
import type { Crew, Part } from "../wasm/threads.ts";
import type { PlacedWeight, WeightTable } from "./weights.ts";

/** What an optimiser works on: addresses. */
export interface OptimizerState {
  readonly optimizer: AnyOptimizer;
  /** Its numbers, f64, in the order of `numberNames`: they may change from step to step. */
  readonly numbers: number;
  /** As long as the weights: the gradient, and each of the kind's slots. */
  readonly gradient: number;
  readonly slots: readonly number[];
  /** As long as the weights that are summed by places: the sums of their gradients' squares, or 0. */
  readonly squares: number;
  /** As long as the weights: their moving average, or 0. */
  readonly average: number;
  /** Of each of `normChunks` the sum of squares, f64; 0 where no norm is asked for. */
  readonly norms: number;
}

/** Names of the numbers that lie in memory; a schedule's rate is one of them. */
export const numberNames = (optimizer: AnyOptimizer): string[] =>
  Object.entries(optimizer)
    .filter(([name, value]) => typeof value === "number" || name === "learningRate")
    .map(([name]) => name);

/**
 * Whether Keras has the weight's gradient as a list of rows, one for each place that its id stands at, and squares
 * and limits them one by one. What a penalty is added to is no list any more.
 */
export const isListed = ({ sum, penalty }: PlacedWeight): boolean => sum === "places" && !penalty;

/** Whether the squares of each place are asked for, by the optimiser or by a norm. */
export function wantsSquares(optimizer: OptimizerNow, { specs }: WeightTable): boolean {
  return (
    specs.some(isListed) && (clipsByNorm(optimizer) || optimizerKindOf(optimizer).squaresPlaces(optimizer))
  );
}

export const clipsByNorm = ({ clipnorm, globalClipnorm }: AnyOptimizer): boolean =>
  clipnorm !== undefined || globalClipnorm !== undefined;

/** Floats of a weight that are squared and summed at a stretch: no norm depends on the number of threads. */
const CHUNK = 4096;

/** Part of a weight. */
interface Chunk {
  readonly spec: PlacedWeight;
  /** Floats from the start of the weights, and how many. */
  readonly from: number;
  readonly n: number;
}

export function normChunks({ specs }: WeightTable): Chunk[] {
  return specs.flatMap((spec) =>
    Array.from({ length: Math.ceil(spec.length / CHUNK) }, (_, i) => ({
      spec,
      from: spec.offset + i * CHUNK,
      n: Math.min(CHUNK, spec.length - i * CHUNK),
    })),
  );
}

/** This thread's part of so many floats, on cache lines: where it begins, and how long it is. */
export function part(floats: number, { index, size }: Crew): [from: number, n: number] {
  const lines = Math.ceil(floats / 16);
  const cut = (i: number) => Math.min(floats, Math.floor((lines * i) / size) * 16);
  return [cut(index), cut(index + 1) - cut(index)];
}

/** What of each weight lies in `n` floats from `from` on. */
export function eachIn(
  specs: readonly PlacedWeight[],
  [from, n]: readonly [number, number],
  work: (spec: PlacedWeight, from: number, n: number) => void,
): void {
  for (const spec of specs) {
    const start = Math.max(from, spec.offset);
    const end = Math.min(from + n, spec.offset + spec.length);
    if (start < end) work(spec, start, end - start);
  }
}

/** Weights that are updated together. */
interface Run {
  /** Floats from the start of the weights. */
  readonly offset: number;
  readonly length: number;
  /** The weight whose gradient is summed by places, or null where none is. */
  readonly places: PlacedWeight | null;
}

export class Step {
  readonly #k: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #table: WeightTable;
  readonly #weights: number;
  readonly #state: OptimizerState;
  readonly #names: readonly string[];
  readonly #chunks: readonly Chunk[];
  readonly #runs: readonly Run[];

  /** @param weights their address */
  constructor(
    k: Kernels,
    memory: WebAssembly.Memory,
    table: WeightTable,
    weights: number,
    state: OptimizerState,
  ) {
    this.#k = k;
    this.#memory = memory;
    this.#table = table;
    this.#weights = weights;
    this.#state = state;
    this.#names = numberNames(state.optimizer);
    this.#chunks = state.norms ? normChunks(table) : [];
    const { specs, placesLength, shardsLength } = table;
    this.#runs = [
      ...specs
        .filter(({ sum }) => sum === "places")
        .map((spec) => ({ offset: spec.offset, length: spec.length, places: spec })),
      { offset: placesLength, length: shardsLength, places: null },
    ];
  }

  /** The description, with the numbers that stand in memory now. */
  now(): OptimizerNow {
    const { optimizer, numbers } = this.#state;
    const values = new Float64Array(this.#memory.buffer, numbers, this.#names.length);
    return Object.assign({ ...optimizer }, ...this.#names.map((name, i) => ({ [name]: values[i] })));
  }

  /** Clip the gradient, where that is asked for. */
  *clip(optimizer: OptimizerNow, crew: Crew): Part {
    const { gradient, norms } = this.#state;
    if (optimizer.clipvalue !== undefined) {
      const limit = optimizer.clipvalue;
      this.#eachOwn(crew, (spec, from, n) => {
        if (!isListed(spec)) this.#k.limit(gradient + from * 4, n, limit); // others were, place by place
      });
    }
    if (!norms) return;
    const sums = () => new Float64Array(this.#memory.buffer, norms, this.#chunks.length);
    for (let i = crew.claim(); i < this.#chunks.length; i = crew.claim()) {
      sums()[i] = this.#sumSquares(this.#chunks[i]!);
    }
    yield;
    this.#scale(optimizer, sums(), crew);
  }

  #sumSquares({ spec, from, n }: Chunk): number {
    const { gradient, squares } = this.#state;
    return isListed(spec)
      ? this.#k.sumFloats(squares + from * 4, n)
      : this.#k.sumSquares(gradient + from * 4, n);
  }

  #scale({ clipnorm, globalClipnorm = 0 }: OptimizerNow, sums: Float64Array, crew: Crew): void {
    const { gradient, squares } = this.#state;
    const of = new Map<PlacedWeight, number>();
    let all = 0;
    for (const [i, { spec }] of this.#chunks.entries()) {
      of.set(spec, (of.get(spec) ?? 0) + sums[i]!);
      all += sums[i]!;
    }
    const most = clipnorm ?? globalClipnorm;
    this.#eachOwn(crew, (spec, from, n) => {
      const norm = Math.sqrt(clipnorm === undefined ? all : of.get(spec)!);
      if (norm <= most) return;
      const factor = most / norm;
      this.#k.scale(gradient + from * 4, n, factor);
      if (isListed(spec) && clipnorm !== undefined) this.#k.scale(squares + from * 4, n, factor ** 2);
    });
  }

  /** Move the weights. */
  take(optimizer: OptimizerNow, iteration: number, crew: Crew): void {
    for (const run of this.#runs) {
      for (const own of stretches(...part(run.length, crew))) this.#takeRun(optimizer, iteration, run, own);
    }
  }

  /** This thread's part of each weight, which is the same whatever is done to it: no thread waits for another's. */
  #eachOwn(crew: Crew, work: (spec: PlacedWeight, from: number, n: number) => void): void {
    for (const { offset, length } of this.#runs) {
      const [from, n] = part(length, crew);
      eachIn(this.#table.specs, [offset + from, n], work);
    }
  }

  #takeRun(
    optimizer: OptimizerNow,
    iteration: number,
    { offset, places }: Run,
    [from, n]: readonly [number, number],
  ): void {
    const k = this.#k;
    const kind = optimizerKindOf(optimizer);
    const { gradient, slots, squares, average } = this.#state;
    const { weightDecay, learningRate, globalClipnorm, emaMomentum = EMA_MOMENTUM } = optimizer;
    const at = (address: number) => address + (offset + from) * 4;
    const w = at(this.#weights);
    const listed = places !== null && isListed(places) && squares !== 0;
    // To clip by the norm of all, Keras makes one gradient of a list first.
    const own = listed && globalClipnorm === undefined && kind.squaresPlaces(optimizer);
    if (weightDecay) k.decay(w, n, weightDecay * learningRate);
    kind.update(k, optimizer, {
      w,
      g: at(gradient),
      squares: own ? at(squares) : 0,
      slots: slots.map(at),
      n,
      clears: places !== null,
      iteration,
    });
    if (listed && !own) k.clear(at(squares), n);
    if (!average) return;
    k.average(at(average), w, n, iteration === 1 ? 0 : emaMomentum);
    if (overwrites(optimizer, iteration)) {
      const { buffer } = this.#memory;
      new Float32Array(buffer, w, n).set(new Float32Array(buffer, at(average), n));
    }
  }
}

/** Keras's default. */
const EMA_MOMENTUM = 0.99;
