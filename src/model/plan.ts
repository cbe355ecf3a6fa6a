/**
 * The memory plan of one batch shape: where everything lies that a batch needs besides the weights.
 * Plain data, so that every thread of a team can rebuild it and find the same addresses.
 */
import type { Kernels } from "../runtime/kernels.ts";
import type { AdamConfig } from "./compile.ts";
import { DensePass } from "./dense.ts";
import { EmbeddingPass } from "./embedding.ts";
import { isRecurrent, type Layer } from "./layers.ts";
import type { LayerPass, Place, Rows, Weight } from "./pass.ts";
import { LstmPass, SimpleRnnPass } from "./recurrent.ts";
import { inputFeatures, padded, tableLength, type WeightSpec, weightTable } from "./table.ts";

/** Samples in a shard: part of the determinism contract, since it fixes the order of sums. */
export const SHARD_SIZE = 16;

/** The loss at the head: how a row's error and its gradient come from the output. */
export type LossKernel = "bceLogits" | "bceProbabilities";

/** What Adam works on: addresses. */
export interface OptimizerState {
  readonly config: Required<AdamConfig>;
  /** As long as the weights: the gradient and the two moments. */
  readonly gradient: number;
  readonly m: number;
  readonly v: number;
  /** As long as the embedding: its gradient's squares, place by place. */
  readonly squares: number;
}

/** The batch shape to plan for, and what is to be done with it. */
export interface BatchSpec {
  readonly layers: readonly Layer[];
  /** Address of the weights. */
  readonly weights: number;
  /** Timesteps of every sample. */
  readonly T: number;
  /** The most samples of a batch. */
  readonly batchSize: number;
  /** Samples that go through the passes together. */
  readonly groupSize: number;
  /** Threads, each with passes of its own. */
  readonly crew: number;
  /** Null to predict. */
  readonly loss: LossKernel | null;
  /** Null where nothing is trained. */
  readonly optimizer: OptimizerState | null;
  /** Go backward without training, and keep the gradient of every step's state. */
  readonly flow: boolean;
  /**
   * The most different tokens that a list of them holds, or 0. Without dropout the first recurrent layer's
   * product depends on the token alone: it is taken once for each token of a list, which is that of the whole
   * call where nothing is trained, and else of a shard.
   */
  readonly tokens: number;
}

/** Tokens in lists: addresses. */
export interface TokenLists {
  /** (B, T): where in its list each id of the batch stands. */
  readonly places: number;
  /** (lists, tokens), and (lists): the ids, and how many there are. */
  readonly ids: number;
  readonly counts: number;
  /** (tokens, N): their rows of x·W + b, for all threads; 0 where each thread has rows of its own, of a shard. */
  readonly rows: number;
}

/** Addresses that all threads share. */
export interface BatchPlan {
  readonly spec: BatchSpec;
  readonly table: readonly WeightSpec[];
  /** Whether there is a backward pass. */
  readonly backward: boolean;
  /** (B, T) ids or (B, T, padded features) numbers. */
  readonly input: number;
  /** (B, steps, units). */
  readonly targets: number;
  /** (B, steps, padded units): the head's output. */
  readonly output: number;
  readonly outputRows: { readonly steps: number; readonly width: number; readonly stride: number };
  /** (B · steps) each. */
  readonly losses: number;
  readonly hits: number;
  /** (B, T, padded E): the gradient of the token vectors. */
  readonly dx: number;
  /** (shards, dense weights). */
  readonly partials: number;
  /** Null where tokens are not listed. */
  readonly lists: TokenLists | null;
  /** Floats of the embedding and of all other weights. */
  readonly embeddingLength: number;
  readonly denseLength: number;
  /** Floats of a token's vector inside; 0 where there is no embedding. */
  readonly embeddingWidth: number;
  /** The passes of each thread begin here, so many bytes apart. */
  readonly scratch: number;
  readonly scratchBytes: number;
  readonly bytes: number;
}

/** Lay a batch out from `base` on; nothing is allocated here. */
export function planBatch(k: Kernels, spec: BatchSpec, base: number): BatchPlan {
  const { layers, batchSize: B, T } = spec;
  const table = weightTable(layers);
  const backward = spec.optimizer !== null || spec.flow;
  const embeds = layers[0]!.type === "embedding";
  const embeddingWidth = embeds ? table[0]!.stride : 0;
  const embeddingLength = embeds ? table[0]!.length : 0;
  const denseLength = tableLength(table) - embeddingLength;
  const { place, bytes } = bump(base);
  const head = layers.at(-1)!;
  const last = layers.findLast(isRecurrent);
  const steps = last?.returnSequences ? T : 1;
  const units = head.type === "embedding" ? 0 : head.units;
  const shared = {
    spec,
    table,
    backward,
    embeddingLength,
    denseLength,
    embeddingWidth,
    outputRows: { steps, width: units, stride: padded(units) },
    input: place(B * T * (embeds ? 1 : padded(inputFeatures(layers)!))),
    targets: place(B * steps * units),
    output: place(B * steps * padded(units)),
    losses: place(B * steps),
    hits: place(B * steps),
    dx: backward && embeds ? place(B * T * embeddingWidth) : 0,
    partials: backward ? place(Math.ceil(B / SHARD_SIZE) * denseLength) : 0,
    lists: spec.tokens ? placeLists(spec, table, place) : null,
  };
  const scratchBytes = makePasses(k, shared, 0).bytes;
  const scratch = place((scratchBytes / 4) * spec.crew);
  return { ...shared, scratch, scratchBytes, bytes: bytes() };
}

function placeLists(spec: BatchSpec, table: readonly WeightSpec[], place: Place): TokenLists {
  const { batchSize: B, T, tokens, optimizer } = spec;
  const lists = optimizer ? Math.ceil(B / SHARD_SIZE) : 1;
  return {
    places: place(B * T),
    ids: place(lists * tokens),
    counts: place(lists),
    rows: optimizer ? 0 : place(tokens * (table[1]!.blocks * table[1]!.stride)),
  };
}

/** One thread's passes, bottom to top, with their memory from `base` on. */
export function makePasses(
  k: Kernels,
  plan: Omit<BatchPlan, "scratch" | "scratchBytes" | "bytes">,
  base: number,
): { passes: LayerPass[]; bytes: number } {
  const { spec, table, backward, input } = plan;
  const { layers, T, groupSize } = spec;
  const { place, bytes } = bump(base);
  const weight = (index: number): Weight => {
    const { offset } = table[index]!;
    return { address: spec.weights + offset * 4, gradient: offset - plan.embeddingLength };
  };
  const features = inputFeatures(layers);
  const width = features === null ? 0 : padded(features);
  let rows: Rows = {
    at: ({ first }) => input + first * T * width * 4,
    step: width,
    sequence: T * width,
    steps: T,
    width: features ?? 0,
  };
  const passes: LayerPass[] = [];
  let next = 0; // in the table
  for (const [index, layer] of layers.entries()) {
    const below = passes.at(-1) ?? null;
    let pass: LayerPass;
    if (layer.type === "embedding") {
      const sizes = { groupSize, T, outputDim: layer.outputDim };
      pass = new EmbeddingPass(k, place, sizes, weight(next).address, input, plan.dx, spec.tokens > 0);
      next += 1;
    } else if (layer.type === "dense") {
      const [kernel, bias] = [weight(next), weight(next + 1)];
      const isHead = index === layers.length - 1;
      // A loss that is taken from logits wants them as they are before the head's sigmoid.
      const activation = isHead && spec.loss === "bceLogits" ? "linear" : layer.activation;
      const output = isHead ? plan.output : null;
      pass = new DensePass({
        k,
        place,
        layer,
        activation,
        kernel,
        bias,
        input: rows,
        below: below!,
        groupSize,
        output,
        backward,
      });
      next += 2;
    } else {
      const [kernel, recurrent, bias] = [weight(next), weight(next + 1), weight(next + 2)];
      const Pass = layer.type === "lstm" ? LstmPass : SimpleRnnPass;
      const tokens =
        index === 1 && plan.lists ? { ...plan.lists, most: spec.tokens, table: spec.weights } : null;
      pass = new Pass({
        k,
        place,
        layer,
        index,
        kernel,
        recurrent,
        bias,
        input: rows,
        below,
        groupSize,
        tokens,
        backward,
        flow: spec.flow,
      });
      next += 3;
    }
    rows = pass.output;
    passes.push(pass);
  }
  return { passes, bytes: bytes() };
}

/** Reserve memory piece by piece, each on a cache line. */
function bump(base: number): { place: Place; bytes: () => number } {
  let floats = 0;
  return {
    place: (count) => {
      const address = base + floats * 4;
      floats += Math.ceil(count / 16) * 16;
      return address;
    },
    bytes: () => floats * 4,
  };
}
