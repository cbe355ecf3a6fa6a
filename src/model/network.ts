/** The weights of a model in linear memory: initialised, read, written. */
import { LstmkitError } from "../errors.ts";
import type { Kernels } from "../runtime/kernels.ts";
import type { LinearMemory } from "../runtime/memory.ts";
import { checkLayers, type Layer } from "./layers.ts";
import { padWeight, sizeOf, tableLength, unpadWeight, type WeightSpec, weightTable } from "./table.ts";

export class Network {
  readonly layers: readonly Layer[];
  readonly table: readonly WeightSpec[];
  /** Floats of all weights inside, padding included. */
  readonly length: number;
  /** Floats of the embedding, which come first: their gradient is not kept by shards. */
  readonly embeddingLength: number;
  /** Floats of a token's vector inside; 0 where there is no embedding. */
  readonly embeddingWidth: number;
  /** Address of the weights. */
  readonly weights: number;
  readonly kernels: Kernels;
  readonly memory: LinearMemory;
  /** Another number whenever the weights have changed: what was packed of them before is stale. */
  version = 0;
  /** Part of the weights is a batch ahead of the rest: a thread was lost while they were updated. */
  torn = false;

  /** @throws BAD_LAYER, OUT_OF_MEMORY */
  constructor(kernels: Kernels, memory: LinearMemory, layers: readonly Layer[]) {
    this.kernels = kernels;
    this.memory = memory;
    this.layers = checkLayers(layers);
    this.table = weightTable(this.layers);
    this.length = tableLength(this.table);
    const [first] = this.table;
    const embeds = this.layers[0]?.type === "embedding";
    this.embeddingLength = embeds ? first!.length : 0;
    this.embeddingWidth = embeds ? first!.stride : 0;
    this.weights = memory.allocate(this.length * 4, "the model's weights");
  }

  /** Give every weight its initial value, which depends on the seed and its place in the table alone. */
  initialize(seed: number): void {
    const { kernels: k, memory } = this;
    for (const [index, spec] of this.table.entries()) {
      const count = sizeOf(spec.shape);
      const [rows, cols] = spec.shape.length === 2 ? (spec.shape as [number, number]) : [1, count];
      const orthogonal = spec.initializer === "orthogonal";
      const bytes = Math.ceil(count / 4) * 16;
      const out = memory.allocate(bytes + (orthogonal ? count * 8 : 0), "initialisation");
      const scratch = out + bytes;
      switch (spec.initializer) {
        case "glorotUniform": {
          const limit = Math.fround(Math.sqrt(6 / (rows + cols)));
          k.uniform(out, count, -limit, limit, seed, index);
          break;
        }
        case "randomUniform":
          k.uniform(out, count, -0.05, 0.05, seed, index);
          break;
        case "orthogonal":
          k.orthogonal(out, scratch, rows, cols, seed, index);
          break;
        case "ones":
          memory.f32(out, count).fill(1);
          break;
        case "zeros":
          break; // as allocated
      }
      const values = memory.f32(out, count);
      if (spec.oneBlock !== undefined) {
        values.fill(1, spec.oneBlock * spec.width, (spec.oneBlock + 1) * spec.width);
      }
      this.write(spec, values);
      memory.free(out);
    }
  }

  /** A copy of one weight, dense. @throws THREAD_FAILED where the weights are torn */
  read(spec: WeightSpec): Float32Array<ArrayBuffer> {
    if (this.torn) {
      throw new LstmkitError(
        "THREAD_FAILED",
        "a thread of the team was lost in the midst of an update, so part of these weights is a batch ahead of the " +
          "rest. Close this runtime, create another, and load what was saved before.",
      );
    }
    return unpadWeight(spec, this.memory.f32(this.weights + spec.offset * 4, spec.length));
  }

  /** Set one weight from dense data. */
  write(spec: WeightSpec, values: ArrayLike<number>): void {
    this.version++;
    padWeight(spec, values, this.memory.f32(this.weights + spec.offset * 4, spec.length));
  }

  free(): void {
    this.memory.free(this.weights);
  }
}
