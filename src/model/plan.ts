/**
 * The memory plan of one batch shape: where everything lies that a batch needs beside the weights. It is
 * arithmetic on plain data, so that every thread can do it again and find the same places.
 */
import { kindOf, type Layer } from "../layers/index.ts";
import { type Gathered, type Memory, padded, type Signal, type Sizes, type Use } from "../layers/kind.ts";
import { outputsPerTargetOf, targetWidthOf } from "../losses/index.ts";
import type { AnyLoss } from "../losses/kind.ts";
import type { TargetRoom } from "../losses/weighed-targets.ts";
import { type MetricConfig, metricOf } from "../metrics/index.ts";
import { type Head, headOf } from "./compile.ts";
import type { Int8Kinds } from "./int8.ts";
import { branchesOf, inputsOf, signalsOf } from "./stack.ts";
import { type WeightTable, weightTable } from "./weights.ts";

/** Samples in a shard: part of the determinism contract, since it fixes the order of sums. */
export const SHARD_SIZE = 16;

/** The batch shape to plan for, and what is to be done with it. */
export interface BatchShape {
  readonly layers: readonly Layer[];
  /** Timesteps of every sample, of each input. */
  readonly T: readonly number[];
  /** The most samples of a batch. */
  readonly batchSize: number;
  /** Samples that go through the passes together. */
  readonly groupSize: number;
  readonly threads: number;
  /** Null to predict. */
  readonly loss: AnyLoss | null;
  /** What the targets of a row count for in the loss; null where all count alike. */
  readonly lossWeights: readonly number[] | null;
  /** Whether rows of outputs have weights of their own in the loss. */
  readonly weighted: boolean;
  readonly metrics: readonly MetricConfig[];
  /** Whether there is a way back: to train, or to keep the gradient of every step's states. */
  readonly backward: boolean;
  readonly flow: boolean;
  /** Whether the outputs are wanted. */
  readonly outputs: boolean;
  /**
   * Of each input: the most different ids that a list of them holds, or 0: what the layers above make of a token alone
   * is made once for each of a list, which is that of the whole call, or the model's, where nothing is trained, and
   * else of a shard.
   */
  readonly tokens: readonly number[];
  /** Weights in int8. */
  readonly int8: Int8Kinds;
  /** Whether the lists are the model's: then they, and what is made of them, are no part of the batch's memory. */
  readonly stored: boolean;
}

/** Where the samples of an input lie. */
export interface InputPlan {
  readonly signal: Known;
  /** (B, T) ids or (B, T, padded features) numbers. */
  readonly data: number;
  /** (B, T), where the branch's first layer makes a mask: 1 of rows that count, 0 of those that are masked. */
  readonly mask: number;
  readonly masked: boolean;
  /** (B, T) where in its list each id stands; (lists, tokens) and (lists): the ids, and how many. The ids of the model's list are in its store. */
  readonly slots: number;
  readonly ids: number;
  readonly counts: number;
  /** The most ids of a list, or 0. */
  readonly tokens: number;
}

/** Places in bytes from the start of the batch's memory. */
export interface Plan {
  readonly shape: BatchShape;
  readonly head: Head;
  readonly table: WeightTable;
  /** What goes into each layer, and what comes out of the last. */
  readonly signals: readonly Known[];
  readonly use: Use;
  readonly inputs: readonly InputPlan[];
  /** (B, rows, target width), and the width. */
  readonly targets: number;
  readonly targetWidth: number;
  /** (B, rows): what each row counts for in the loss, where the shape is weighted. */
  readonly weights: number;
  /** (B, rows, width): the head's output, without padding. */
  readonly outputs: number;
  /** (B, rows), where there is a loss and outputs are masked: 1 of rows that count, 0 of those that are masked. */
  readonly outputMask: number;
  /** (B · rows). */
  readonly losses: number;
  readonly metrics: readonly MetricPlaces[];
  /** (B · rows, padded width): the head's output as metrics see it that sum up outputs. */
  readonly seen: number;
  /** (threads), a cache line each: a bound of the gradient that the thread has summed. */
  readonly peaks: number;
  /** (shards, weights that have a partial a shard). */
  readonly partials: number;
  /** Each layer's blocks by name; those of a thread from the start of its part on. */
  readonly blocks: readonly Readonly<Record<string, Block>>[];
  /** (B, padded width) of each state that a layer keeps, by its name; all of them are one run of so many floats. */
  readonly states: readonly Readonly<Record<string, number>>[];
  readonly state: number;
  readonly stateLength: number;
  /** (R, rows, padded width): the outputs and their gradient where the last layer's lie otherwise; else null. */
  readonly last: { readonly y: Block; readonly dy: Block } | null;
  /** Rows of a single target, (R, rows, …), where the targets have weights; else null. */
  readonly target: { readonly [K in keyof TargetRoom]: Block } | null;
  /** The threads' parts begin here, so many bytes apart. */
  readonly threads: number;
  readonly threadBytes: number;
  readonly bytes: number;
  /** What each sample leaves at its place in the batch, for the sums over all of it: places, and floats of a sample. */
  readonly left: readonly { readonly place: number; readonly floats: number }[];
  /** Of the store of the model's lists, where the shape has some: the same for all shapes with as many tokens. */
  readonly storeBytes: number;
}

/** Where a metric's numbers are. */
export interface MetricPlaces {
  /** (B · rows), where each row has a value. */
  readonly values: number;
  /** What a batch adds up to, f64. */
  readonly sums: number;
  /** How many sums. */
  readonly length: number;
}

/** Where a block is, in bytes from the start of the memory that it is part of. */
export interface Block {
  readonly of: "all" | "store" | "thread";
  readonly place: number;
}

/** Lay a batch out; nothing is allocated here. */
export function planBatch(shape: BatchShape): Plan {
  const { batchSize: B, T, groupSize, backward, flow, tokens, stored } = shape;
  const head = headOf(shape.layers, shape.loss);
  const table = weightTable(head.layers, shape.int8);
  const use = { groupSize, batchSize: B, backward, flow };
  const fed = inputsOf(head.layers, T).map((signal, i) =>
    listed(signal, tokens[i]!, backward ? "shard" : stored ? "model" : "call"),
  );
  const signals = signalsOf(head.layers, fed) as Known[];
  const output = signals.at(-1)!;
  const rows = B * output.T;
  const targetWidth = shape.loss ? targetWidthOf(shape.loss, output.width) : 0;
  const shards = Math.ceil(B / SHARD_SIZE);
  const metrics = shape.loss ? shape.metrics.map((given) => metricOf(given, shape.loss!.name)!) : [];
  const all = new Layout();
  const store = new Layout();
  const left: { place: number; floats: number }[] = [];
  const leave = (floats: number) => {
    const place = all.reserve(B * floats);
    if (floats > 0) left.push({ place, floats });
    return place;
  };
  const places = {
    inputs: branchesOf(head.layers).map(({ layers }, i) =>
      placeInput(fed[i] as Known, masksOf(layers) !== undefined, B, backward ? shards : 1, all, store),
    ),
    targets: all.reserve(rows * targetWidth),
    weights: all.reserve(shape.weighted ? rows : 0),
    outputs: all.reserve(shape.outputs ? rows * output.width : 0),
    outputMask: leave(shape.loss && output.masked ? output.T : 0),
    losses: leave(shape.loss ? output.T : 0),
    metrics: metrics.map(({ kind, metric }) => {
      const length = kind.sums(metric, output.width);
      return { values: leave(kind.values ? output.T : 0), sums: all.reserve(2 * length), length };
    }),
    seen: leave(metrics.every(({ kind }) => kind.values) ? 0 : output.T * padded(output.width)),
    peaks: all.reserve(backward ? shape.threads * 16 : 0),
    partials: all.reserve(backward ? shards * table.shardsLength : 0),
  };
  const memories = head.layers.map((layer, i) => kindOf(layer).memory(layer, signals[i]!, use));
  const state = all.bytes;
  const states = memories.map((memory) =>
    Object.fromEntries(Object.entries(memory.state ?? {}).map(([name, floats]) => [name, leave(floats / B)])),
  );
  const stateLength = (all.bytes - state) / 4;
  const thread = new Layout();
  const blocks = placeBlocks(memories, { all, store, thread, leave: (floats) => leave(floats / B) });
  const top = head.layers.at(-1)!;
  const last = kindOf(top).bare?.(top) ? null : placeLast(groupSize * output.T, output.width, thread);
  const target = shape.lossWeights
    ? placeTarget(groupSize * output.T, outputsPerTargetOf(shape.loss!), thread)
    : null;
  const threads = all.reserve((thread.bytes / 4) * shape.threads);
  return {
    shape,
    head,
    table,
    signals,
    use,
    targetWidth,
    ...places,
    blocks,
    states,
    state,
    stateLength,
    last,
    target,
    threads,
    threadBytes: thread.bytes,
    left,
    bytes: all.bytes,
    storeBytes: store.bytes,
  };
}

/** With its T, as a batch has it. */
type Known = Signal & { readonly T: number };

/** An input of which each different row is one of a list, where there are lists. */
const listed = (signal: Signal, most: number, of: Gathered["of"]): Signal =>
  most > 0 ? { ...signal, gathered: { most, of } } : signal;

function placeInput(
  signal: Known,
  masked: boolean,
  B: number,
  lists: number,
  all: Layout,
  store: Layout,
): InputPlan {
  const { holds, T, width, gathered } = signal;
  const tokens = gathered?.most ?? 0;
  return {
    signal,
    tokens,
    masked,
    data: all.reserve(B * T * (holds === "ids" ? 1 : padded(width))),
    mask: all.reserve(masked ? B * T : 0),
    slots: all.reserve(tokens && B * T),
    ids: (gathered?.of === "model" ? store : all).reserve(lists * tokens),
    counts: all.reserve(tokens && lists),
  };
}

/** What lives on is laid side by side; the scratch of all layers in one place. */
function placeBlocks(
  memories: readonly Memory[],
  { all, store, thread, leave }: Record<"all" | "store" | "thread", Layout> & { leave: Layout["reserve"] },
): Record<string, Block>[] {
  const place = (
    sizes: Sizes | undefined,
    { reserve }: Pick<Layout, "reserve">,
    of: Block["of"],
  ): [string, Block][] =>
    Object.entries(sizes ?? {}).map(([name, floats]) => [name, { of, place: reserve(floats) }]);
  const lasting = memories.map((memory) => [
    ...place(memory.prepared, all, "all"),
    ...place(memory.store, store, "store"),
    ...place(memory.batch, { reserve: leave }, "all"),
    ...place(memory.group, thread, "thread"),
  ]);
  const scratch = thread.bytes;
  const ends = memories.map((memory, i) => {
    const own = new Layout(scratch);
    lasting[i]!.push(...place(memory.scratch, own, "thread"));
    return own.bytes;
  });
  thread.reserve((ends.reduce((most, end) => Math.max(most, end), scratch) - scratch) / 4);
  return lasting.map((entries) => Object.fromEntries(entries));
}

function placeLast(rows: number, width: number, thread: Layout): { y: Block; dy: Block } {
  const place = (): Block => ({ of: "thread", place: thread.reserve(rows * padded(width)) });
  return { y: place(), dy: place() };
}

function placeTarget(rows: number, outputs: number, thread: Layout): NonNullable<Plan["target"]> {
  const place = (floats: number): Block => ({ of: "thread", place: thread.reserve(floats) });
  return {
    y: place(rows * outputs),
    dy: place(rows * outputs),
    targets: place(rows),
    losses: place(rows),
  };
}

/** Reserves memory piece by piece, each on a cache line. */
class Layout {
  /** So far. */
  bytes: number;

  constructor(from = 0) {
    this.bytes = from;
  }

  /** @returns the place of so many floats */
  readonly reserve = (floats: number): number => {
    const place = this.bytes;
    this.bytes += Math.ceil(floats / 16) * 64;
    return place;
  };
}

/** Which rows of its input a branch's first layer masks; undefined where it masks none. */
export function masksOf([first]: readonly Layer[]): ((row: ArrayLike<number>) => boolean) | undefined {
  return first && kindOf(first).masks?.(first);
}

/** The most floats that a row of what a branch makes of a token alone has; 0 where it reads token by token. */
export function gatheredWidth([first, reader]: readonly Layer[], backward: boolean): number {
  if (!first || !reader || kindOf(first).reads !== "ids") return 0;
  return kindOf(reader).gathers?.(reader, { backward }) ?? 0;
}
