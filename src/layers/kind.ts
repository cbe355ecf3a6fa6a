/**
 * What a kind of layer says of itself, all of it in one object: options, output, weights, memory, passes and
 * the names of its states. Everything else, from the memory plan to the summary, is derived from it.
 *
 * Up to `pass` all is arithmetic on plain data, the same in every thread. A pass binds it to addresses.
 */
import type { Option } from "../options.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** Widths are padded to this many f32 inside; PAD of `assembly/gemm.ts`. */
export const PAD = 8;

/** n rounded up to the padded width. */
export const padded = (n: number): number => Math.ceil(n / PAD) * PAD;

/**
 * How a weight starts. `glorotUniform`: ±√(6 / (fanIn + fanOut)) (Glorot and Bengio 2010);
 * `orthogonal`: Saxe et al. 2013; `randomUniform`: ±0.05.
 */
export type Initializer = "glorotUniform" | "orthogonal" | "randomUniform" | "zeros" | "ones";

/** Functions of a dense layer's output: elementwise, but for softmax, which is over the last axis. */
export type Activation = "linear" | "sigmoid" | "hardSigmoid" | "tanh" | "relu" | "softmax";

/** What every layer has. */
export interface AnyLayer {
  readonly type: string;
  /** "" until the model gives it one. */
  readonly name: string;
  /** Of a first layer that is fed with numbers: [T or null for any, features], or [features] of single rows. */
  readonly inputShape?: readonly (number | null)[];
}

/** What a sample hands to the next layer. */
export interface Signal {
  readonly holds: "ids" | "numbers";
  /** Whether it is a sequence, which has a row for each timestep; else it is a single row. */
  readonly sequence: boolean;
  /** Rows: null where any number will do, until data come. 1 for a single row. */
  readonly T: number | null;
  /** Real features of a row; 1 for ids. */
  readonly width: number;
  /** The rows are those of a table, named by ids, of which a list has so many different ones at most. */
  readonly gathered?: { readonly most: number; readonly of: Gathered["of"] };
  /** Whether rows may be masked: padding, which recurrent layers step over and loss and metrics leave out. */
  readonly masked?: true;
}

/** One weight, as a kind asks for it. */
export interface WeightSpec {
  /** Keras's path below the layer's name: `lstm_cell/kernel`. */
  readonly name: string;
  /** Keras's; inside, the last axis is `blocks` runs, each padded by itself: the four gates of an LSTM. */
  readonly shape: readonly number[];
  readonly blocks: number;
  readonly initializer: Initializer;
  /** Ones in this block, whatever the initializer: the forget gate's bias. */
  readonly oneBlock?: number;
  /**
   * How its gradient is summed over a batch: a partial for each shard, in their order; or row by row, each
   * named by an id, in the order of the places where the ids stand. Default `shards`.
   */
  readonly sum?: "shards" | "places";
  /** What is added to the loss for the weight's size, Σ l1·|w| + l2·w². Default nothing. */
  readonly penalty?: Penalty;
  /**
   * How a quantized model holds it: in int8 with a scale for each row, as the vectors of a table, or for each column, as
   * a matrix that rows are multiplied with. Default: as it is, in f32.
   */
  readonly int8?: "rows" | "columns";
  /** Of a matrix that may be multiplied in int8: whose rows meet it, the layer's input `x` or a state by its name. */
  readonly meets?: string;
}

/** Shares of the sum of sizes, and of the sum of squares. */
export interface Penalty {
  readonly l1: number;
  readonly l2: number;
}

/** What a batch shape wants of a layer. */
export interface Use {
  /** R: samples that go through the passes together. */
  readonly groupSize: number;
  /** B: the most samples of a batch. */
  readonly batchSize: number;
  /** Whether there is a way back; without it nothing is dropped out. */
  readonly backward: boolean;
  /** Whether the gradient of every step's states is kept, of a model that is looked at and not trained. */
  readonly flow: boolean;
}

/** Floats by name. */
export type Sizes = Readonly<Record<string, number>>;

/** What a layer needs beside its weights, by who shares it and how long it lives. Blocks begin as zeros. */
export interface Memory {
  /** Made of the weights, the same for all threads, which fill it together and read it until weights change. */
  readonly prepared?: Sizes;
  /** (most, …) of each token of a list that is the model's: all threads', there from call to call until weights change. */
  readonly store?: Sizes;
  /** (B, …): all threads', each writing its own samples. */
  readonly batch?: Sizes;
  /** (R, …): a thread's own, from a group's way there to its way back, or longer. */
  readonly group?: Sizes;
  /** A thread's own, dead when a call returns: that of all layers lies in one place. */
  readonly scratch?: Sizes;
  /**
   * (B, padded width) of each of its `carried` states, by their names: all threads', each writing its own samples.
   * The model keeps them from batch to batch, and from call to call.
   */
  readonly state?: Sizes;
}

/** Which samples a group is, and all that random numbers may depend on. */
export interface Group {
  /** Place in the batch of its first sample. */
  readonly first: number;
  readonly count: number;
  readonly seed: number;
  readonly epoch: number;
  /** Number of the batch in its epoch. */
  readonly batch: number;
  /** Address of the shard's partial of the gradient. */
  readonly partial: number;
}

/** Rows of a group's samples, where they lie. Addresses are in bytes, distances in floats. */
export interface Rows {
  /** Address of the first row of the group's first sample. */
  at(group: Group): number;
  /** From a row to the next; negative where a sequence is read from its end. */
  readonly stride: number;
  /** From a sample to the next. */
  readonly sequence: number;
  readonly T: number;
  /** Real features; the padding behind them is never read as a feature. */
  readonly width: number;
  readonly gathered?: Gathered;
  /** Where the signal is masked. */
  readonly mask?: Mask;
}

/** Which rows count: words of 32 bits, 1 where a row does and 0 where it is masked. Distances in words. */
export interface Mask {
  /** Address of the word of the first row of the group's first sample. */
  at(group: Group): number;
  /** From a row's to the next; negative where a sequence is read from its end. */
  readonly stride: number;
  /** From a sample's to the next. */
  readonly sequence: number;
}

/** For a kind whose output keeps the rows of x: the mask goes on. One that gives other rows drops it. */
export const maskedAs = ({ masked }: Pick<Signal, "masked">): Pick<Signal, "masked"> =>
  masked ? { masked } : {};

/** The same of rows in their place. */
export const maskAs = ({ mask }: Pick<Rows, "mask">): Pick<Rows, "mask"> => (mask ? { mask } : {});

/** Rows that are those of a table, each different one of a list but once. */
export interface Gathered {
  /** Address of (R, T): where in its list the id of each row stands; so many words from one to the next. */
  slots(group: Group): number;
  readonly stride: number;
  readonly sequence: number;
  /** Addresses of (lists, most), the ids, and of (lists), how many there are. */
  readonly ids: number;
  readonly counts: number;
  readonly most: number;
  /** Whether every shard has a list of its own; else one is the call's, or the model's, which grows from call to call. */
  readonly of: "shard" | "call" | "model";
  /** Address of (V, padded width). */
  readonly table: number;
}

/** What a pass is bound to. */
export interface Bound {
  readonly k: Kernels;
  readonly x: Rows;
  /** Where the gradient of x goes, or null where nobody asks for it. */
  readonly dx: Rows | null;
  readonly use: Use;
  /** Where the states before the first step stand, single rows by the names of `carried`. Default zeros. */
  readonly initial?: Readonly<Record<string, Rows>>;
  /**
   * The passes of later layers that begin with the states this one ends with, each with a dInitial: to be added,
   * in their order, to the gradient of the states after the last step. All there when the first group goes back.
   */
  readonly heirs?: readonly Pass[];
  /** Number of the layer, by which its random numbers differ from others'. */
  readonly stream: number;
  weight(name: string): Weight;
  /** Address of a block of `memory`. */
  at(name: string): number;
}

/** Addresses of a weight, and of its gradient in a shard's partial. */
export interface Weight {
  readonly address: number;
  /** Where its products are taken in int8: addresses of the factors of its rows and of the scales of its columns. */
  readonly int8?: { readonly rows: number; readonly columns: number };
  gradient(group: Pick<Group, "partial">): number;
}

/** A layer on its way there and back over one group of samples. Nothing is allocated after it was made. */
export interface Pass {
  readonly y: Rows;
  /** Where the reader of y puts its gradient. */
  readonly dy: Rows;
  /** By the kind's names of states: there from the way there to the way back. */
  readonly states?: Readonly<Record<string, Rows>>;
  /** The gradients of those that flow, at every step, under the same names: there after the way back of a use with `flow`. */
  readonly gradients?: Readonly<Record<string, Rows>>;
  /** By the names of `carried`, single rows: the states after the last step, there once `forward` returned. */
  readonly final?: Readonly<Record<string, Rows>>;
  /** Under the same names, single rows: the gradients of the states before the first step, once `backward` returned. */
  readonly dInitial?: Readonly<Record<string, Rows>>;
  /** Fill this part of what is `prepared`, after the weights changed. */
  prepare?(part: number, parts: number): void;
  /** Then: units of work on the call's or the model's list of gathered rows, `from` … `from + count` of it. */
  project?(from: number, count: number): void;
  /** Before and after the groups of a shard. */
  beginShard?(shard: number): void;
  endShard?(shard: number, partial: number): void;
  forward(group: Group): void;
  /** Reads dy; adds to the partial; assigns dx. */
  backward(group: Group): void;
  /**
   * After all groups of a batch, for a weight whose gradient is summed by places: this part of the rows.
   *
   * @param squares where the sum of the squares of each place goes, or 0
   * @param limit to which each place's numbers are limited first; Infinity for none
   * @returns a bound of what was added to any number, or NaN where something is not finite
   */
  sumPlaces?(
    gradient: number,
    squares: number,
    count: number,
    part: number,
    parts: number,
    limit: number,
  ): number;
}

/** A state that a layer has at every step, for those who show it. */
export interface StateKind {
  /** In words, such as "forget gate". */
  readonly title: string;
  /** In (0, 1), or around 0. */
  readonly range: "gate" | "signed";
  /** Whether gradientFlow gives its gradient, under the name with a d in front. */
  readonly flows?: boolean;
}

/** The states of a layer, (B, T, units) each, by name. */
export interface LayerStates {
  readonly units: number;
  readonly kinds: Readonly<Record<string, StateKind>>;
  /** That what it has at a step is of later steps, too. Default false. */
  readonly seesAhead?: boolean;
}

/** One kind of layer. C is its description with every default filled in. */
export interface LayerKind<C extends AnyLayer = AnyLayer> {
  /** Keras's class, as summaries print it. */
  readonly title: string;
  /** What Keras calls the first layer of the kind that has no name. */
  readonly baseName: string;
  /** All that a description may say beside its type. */
  readonly options: Readonly<Record<string, Option>>;
  /** What it takes in; who reads ids can only come first. `either` are data of its own: it begins a branch. */
  readonly reads: "ids" | "numbers" | "either";
  /** What it has at every step, for trace, gradientFlow and the pictures. */
  states?(layer: C): LayerStates;
  /** What it carries from one step to the next, by name, with its width: all that its past is to it. */
  carried?(layer: C): Readonly<Record<string, number>>;
  /** The only inference of shapes. @throws BAD_LAYER where the kind cannot read such a signal */
  output(layer: C, x: Signal): Signal;
  /**
   * Of a first layer that makes a mask, which rows of the model's input are masked: looked at as a batch is loaded,
   * since the loss is a mean over the rows that count. Undefined where the description asks for none.
   */
  masks?(layer: C): ((row: ArrayLike<number>) => boolean) | undefined;
  /** In Keras's order: files, digests and initial values derive from it. */
  weights(layer: C, x: Signal): readonly WeightSpec[];
  /** x and its T are those of the batch. */
  memory(layer: C, x: Signal & { readonly T: number }, use: Use): Memory;
  /** Floats of a row that the kind makes of each gathered row of x, or 0 where it reads x row by row. */
  gathers?(layer: C, use: Pick<Use, "backward">): number;
  pass(layer: C, at: Bound): Pass;
  /** Fill in what a description holds within it, such as another layer. */
  complete?(layer: C): C;
  /** The layer with an output at every step; no weight's shape depends on it. */
  everyStep?(layer: C): C;
  /** The layer as it is when nothing is trained, but for zoneout, which goes by the use. */
  withoutDropout?(layer: C): C;
  /** Whether its `memory` has `state`. Default false. */
  stateful?(layer: C): boolean;
  /**
   * The layer as a stream has it, which is given one step at a time: its states are kept from step to step. Null where
   * what it gives at a step is of later steps as well; a kind that does not say cannot be streamed.
   */
  oneStep?(layer: C): C | null;
  /**
   * The layer without the activation that its output passes through last, for a loss that wants it so; undefined where
   * it has none. The rows of such a layer's output and of its gradient lie one behind the other, over a group.
   */
  bare?(layer: C): { readonly layer: C; readonly activation: Activation } | undefined;
}

/** Memory of several parts of a layer: blocks of other names side by side, scratch of one name once. */
export function joinMemory(...parts: readonly Memory[]): Memory {
  const scratch: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, floats] of Object.entries(part.scratch ?? {})) {
      scratch[name] = Math.max(scratch[name] ?? 0, floats);
    }
  }
  const join = (of: "prepared" | "store" | "batch" | "group" | "state"): Sizes =>
    Object.assign({}, ...parts.map((part) => part[of] ?? {}));
  return {
    prepared: join("prepared"),
    store: join("store"),
    batch: join("batch"),
    group: join("group"),
    scratch,
    state: join("state"),
  };
}
