/** What a layer's pass over a group of samples is made of, and how passes meet. */

/** Reserve floats in the workspace; gives their address. */
export type Place = (floats: number) => number;

/** Where a layer's output lies, for the layer above: a sequence of `steps` rows for each sample. */
export interface Rows {
  /** Address of step 0 of the group's first sequence. */
  at(group: Group): number;
  /** Floats from a timestep to the next. */
  readonly step: number;
  /** Floats from a sequence to the next. */
  readonly sequence: number;
  readonly steps: number;
  /** Real features of a row; the padding behind them is never read as a feature. */
  readonly width: number;
}

/** A weight: where it is, and where its gradient goes inside a shard's partial (floats). */
export interface Weight {
  readonly address: number;
  readonly gradient: number;
}

/** Which samples a group is, and all that dropout may depend on. */
export interface Group {
  /** Place in the batch of its first sample. */
  readonly first: number;
  /** R: how many samples. */
  readonly count: number;
  readonly seed: number;
  readonly epoch: number;
  readonly step: number;
  /** Address of the shard's gradient partial. */
  readonly partial: number;
}

/**
 * A layer's forward and backward pass over one group of samples. Addresses are fixed when it is
 * made; nothing is allocated after.
 */
export interface LayerPass {
  readonly output: Rows;
  /** Where the layer above puts the gradient of `output`: (R, steps, padded width), dense. */
  dy(group: Group): number;
  /** After the weights changed: pack them for the products. */
  prepare(): void;
  forward(group: Group): void;
  /** Uses dy; adds to the partial; gives the layer below its dy, where it has one to give. */
  backward(group: Group): void;
}
