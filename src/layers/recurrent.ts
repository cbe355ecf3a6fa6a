/**
 * What recurrent layers have in common. All that does not depend on the step before is a product over the
 * timesteps of a sample (affine.ts), the same for every cell; what does is the cell's own kernel.
 *
 *   forward    z = b + x·W;            the cell turns z into states
 *   backward   the cell turns z into dz;  dW += xᵀ·dz, dU += h₋ᵀ·dz, db += Σ dz, dx = dz·Wᵀ
 */
import { LstmkitError } from "../errors.ts";
import { type OptionTable, trueOrFalse } from "../options.ts";
import { affineGathers, affineMemory } from "./affine.ts";
import { type Carried, carriedStates } from "./carried.ts";
import {
  type AnyLayer,
  type Bound,
  type Group,
  type Initializer,
  joinMemory,
  type Memory,
  maskAs,
  maskedAs,
  padded,
  type Rows,
  type Signal,
  type Use,
  type WeightSpec,
} from "./kind.ts";
import { anInitializer, COMMON, onlyValue, sequenceShape, share, size } from "./options.ts";
import { packPartTransposed, packWeight } from "./panels.ts";
import { aRegularizer, penalized, type Regularizer } from "./regularizer.ts";
import { reversed } from "./reversed.ts";

/** What every recurrent layer takes. */
export interface SteppedConfig {
  /** H: length of the state. */
  units: number;
  /** A bias is added. Default true. */
  useBias?: boolean;
  /** Share of inputs dropped while training, one mask per sequence; in [0, 1). Default 0. */
  dropout?: number;
  /** Give the output of every timestep, (B, T, H), not only the last, (B, H). Default false. */
  returnSequences?: boolean;
  /**
   * Read the sequence from its end; with `returnSequences` the outputs come in the order in which it is read: that of
   * the last step is the first. Default false.
   */
  goBackwards?: boolean;
  /**
   * Sample i of a batch goes on from the states in which sample i of the batch before ended, in fit, evaluate and
   * predict alike, until `model.resetStates()`. Default false.
   */
  stateful?: boolean;
  /** Default `glorotUniform`. */
  kernelInitializer?: Initializer;
  /** Default `zeros`. */
  biasInitializer?: Initializer;
  /** A penalty on the kernel's size. Default none. */
  kernelRegularizer?: Regularizer;
  /** The same on the bias's. Default none. */
  biasRegularizer?: Regularizer;
  /**
   * The name of a recurrent layer before it, with the same states: those that it ends with are the states that this
   * one begins with, h from h and c from c. Keras's `initial_state` in a call. Default zeros.
   */
  initialState?: string;
  /** For a first layer that is fed with numbers: [T or null for any, features]. */
  inputShape?: readonly [number | null, number];
  /** Default `lstm`, `lstm_1`, … after the kind. */
  name?: string;
}

/** What one takes whose cell multiplies the state before with a matrix. */
export interface RecurrentConfig extends SteppedConfig {
  /** What the candidate and the output pass through. Only `tanh`, the default. */
  activation?: "tanh";
  /**
   * Share of the state's units dropped while training, before the product with the recurrent kernel; one mask per
   * sequence, the same at every step and for every gate (Gal and Ghahramani 2016), in [0, 1). Default 0.
   */
  recurrentDropout?: number;
  /** Default `orthogonal`. */
  recurrentInitializer?: Initializer;
  /** A penalty on the recurrent kernel's size. Default none. */
  recurrentRegularizer?: Regularizer;
}

/** A recurrent layer with every default filled in: what all of them have. */
export interface SteppedLayer extends AnyLayer {
  readonly units: number;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly returnSequences: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  readonly kernelInitializer: Initializer;
  readonly biasInitializer: Initializer;
  readonly kernelRegularizer?: Regularizer;
  readonly biasRegularizer?: Regularizer;
  readonly initialState?: string;
}

/** One whose cell multiplies the state before with U. */
export interface RecurrentLayer extends SteppedLayer {
  readonly activation: "tanh";
  readonly recurrentDropout: number;
  readonly recurrentInitializer: Initializer;
  readonly recurrentRegularizer?: Regularizer;
}

const multiplies = (layer: SteppedLayer): layer is RecurrentLayer => "recurrentInitializer" in layer;

/** Of a cell that multiplies no state there is nothing to drop. */
const stateDropout = (layer: SteppedLayer): number => (multiplies(layer) ? layer.recurrentDropout : 0);

export const RECURRENT: OptionTable<Omit<RecurrentLayer, "type">> = {
  units: size,
  activation: { ...onlyValue("tanh", "the kernels have no other yet"), fallback: "tanh" },
  useBias: { ...trueOrFalse, fallback: true },
  dropout: { ...share, fallback: 0 },
  recurrentDropout: { ...share, fallback: 0 },
  returnSequences: { ...trueOrFalse, fallback: false },
  goBackwards: { ...trueOrFalse, fallback: false },
  stateful: { ...trueOrFalse, fallback: false },
  kernelInitializer: { ...anInitializer, fallback: "glorotUniform" },
  recurrentInitializer: { ...anInitializer, fallback: "orthogonal" },
  biasInitializer: { ...anInitializer, fallback: "zeros" },
  kernelRegularizer: aRegularizer,
  recurrentRegularizer: aRegularizer,
  biasRegularizer: aRegularizer,
  initialState: {
    wanted: "the name of a recurrent layer before it",
    accepts: (value: unknown) => value !== "" && COMMON.name.accepts(value),
    fallback: undefined,
  },
  ...COMMON,
  inputShape: sequenceShape,
};

const {
  activation: _,
  recurrentDropout: __,
  recurrentInitializer: ___,
  recurrentRegularizer: ____,
  ...stepped
} = RECURRENT;

/** The options of a cell that multiplies the state with no matrix. */
export const STEPPED: OptionTable<Omit<SteppedLayer, "type">> = stepped;

/** (B, T, I) → (B, T, units), or (B, units) of the last step. @throws BAD_LAYER */
export function recurrentOutput({ type, units, returnSequences }: SteppedLayer, x: Signal): Signal {
  if (!x.sequence) {
    throw new LstmkitError(
      "BAD_LAYER",
      `${type} reads a sequence, and is given single rows: give the recurrent layer before it returnSequences: true.`,
    );
  }
  const every = returnSequences && { T: x.T, ...maskedAs(x) };
  return { holds: "numbers", sequence: returnSequences, T: 1, width: units, ...every };
}

/** Kernel, recurrent kernel where there is one, and bias of a cell with so many gates, by Keras's paths. */
export function recurrentWeights(
  layer: SteppedLayer,
  { width: I }: Signal,
  { cell, gates }: { readonly cell: string; readonly gates: number },
): WeightSpec[] {
  const { units: H, kernelInitializer, biasInitializer } = layer;
  const weight = (
    name: string,
    shape: number[],
    initializer: Initializer,
    regularizer: Regularizer | undefined,
  ): WeightSpec => ({
    name: `${cell}/${name}`,
    shape,
    blocks: gates,
    initializer,
    ...penalized(regularizer),
  });
  const kernel = weight("kernel", [I, gates * H], kernelInitializer, layer.kernelRegularizer);
  return [
    { ...kernel, int8: "columns", meets: "x" },
    ...(multiplies(layer)
      ? [
          {
            ...weight(
              "recurrent_kernel",
              [H, gates * H],
              layer.recurrentInitializer,
              layer.recurrentRegularizer,
            ),
            int8: "columns" as const,
            meets: "h",
          },
        ]
      : []),
    ...(layer.useBias ? [weight("bias", [gates * H], biasInitializer, layer.biasRegularizer)] : []),
  ];
}

/** The same weights, but that the bias starts at 1 in this block where the layer wants it (Jozefowicz et al. 2015). */
export const forgetBias = (
  { unitForgetBias }: { readonly unitForgetBias: boolean },
  block: number,
  weights: readonly WeightSpec[],
): WeightSpec[] =>
  weights.map((spec) =>
    unitForgetBias && spec.name.endsWith("_cell/bias") ? { ...spec, oneBlock: block } : spec,
  );

/** Memory of x's product, of the packed U and Uᵀ where there are such, and of the states h. */
export function recurrentMemory(
  layer: SteppedLayer,
  x: Signal & { readonly T: number },
  use: Use,
  gates: number,
): Memory {
  const { units, dropout, returnSequences } = layer;
  const { groupSize: R, backward } = use;
  const H = padded(units);
  const N = gates * H;
  const product: Memory = multiplies(layer)
    ? {
        prepared: { u: units * N, ...(backward && { uT: N * H }) },
        scratch: { a: Math.max(R * N, H * x.T) },
      }
    : {};
  return joinMemory(affineMemory({ N, dropout }, x, use), product, {
    group: {
      z: R * x.T * N,
      h: R * (x.T + 1) * H,
      ...(backward && { dhState: R * H, ...(returnSequences && { dh: R * x.T * H }) }),
      ...(backward && stateDropout(layer) > 0 && { m: R * H, hm: R * x.T * H, dm: R * H }),
    },
  });
}

/** Memory of the states that a stateful layer keeps. */
export const stateMemory = (
  { stateful, units }: SteppedLayer,
  { batchSize }: Use,
  ...names: readonly string[]
): Memory =>
  stateful ? { state: Object.fromEntries(names.map((name) => [name, batchSize * padded(units)])) } : {};

/** The layer as others want it, the same for every cell. */
export const variants = <L extends SteppedLayer>() => ({
  everyStep: (layer: L): L => ({ ...layer, returnSequences: true }),
  withoutDropout: (layer: L): L => ({
    ...layer,
    dropout: 0,
    ...(multiplies(layer) && { recurrentDropout: 0 }),
  }),
  stateful: (layer: L) => layer.stateful,
  oneStep: (layer: L): L | null => (layer.goBackwards ? null : { ...layer, stateful: true }),
});

/** What the layer is bound to, with x in the order in which it is read. */
export const asRead = ({ goBackwards }: SteppedLayer, at: Bound): Bound =>
  goBackwards ? { ...at, x: reversed(at.x), dx: at.dx && reversed(at.dx) } : at;

export const recurrentGathers = (
  { units, dropout }: SteppedLayer,
  use: Pick<Use, "backward">,
  gates: number,
): number => affineGathers({ N: gates * padded(units), dropout }, use);

/** Addresses and rows that every cell has. */
export interface RecurrentFrame {
  readonly T: number;
  readonly H: number;
  readonly N: number;
  readonly units: number;
  /** (R, T, N), (R, T+1, H), packed left-hand sides. */
  readonly z: number;
  readonly h: number;
  readonly a: number;
  /** (R, T, H), or 0 where only the last output is used; (R, H). 0 without a way back. */
  readonly dh: number;
  readonly dhState: number;
  /** Packed U and Uᵀ; 0 of a cell that has none. */
  readonly u: number;
  readonly uT: number;
  /** Address of the factors of U's rows where it is in int8, else 0. */
  readonly e: number;
  /** The mask of x's steps: 0 for none, and from a step's word to the next and from a sample's. */
  maskAt(group: Group): number;
  readonly maskStep: number;
  readonly maskSequence: number;
  /** (R, H), (R, T, H) and (R, H): what h₋ is multiplied with before U, the product, and its gradient; 0 for none. */
  readonly m: number;
  readonly hm: number;
  readonly dm: number;
  readonly y: Rows;
  readonly dy: Rows;
  /** What U is multiplied with at each step: the states before it, or what dropout leaves of them. */
  readonly before: Rows;
  /** A row of `units` for every step, so many floats apart. */
  rows(address: number, stride: number, sequence?: number): Rows;
  /** The same of a block (R, T+1, H), but for the initial state. */
  stateRows(address: number): Rows;
  /** What there is at every step, in the order of x's steps, from the order in which they are read. */
  inOrder(table: Readonly<Record<string, Rows>>): Readonly<Record<string, Rows>>;
  /**
   * The carried states: where they begin, where they end, and their gradients on the way back.
   *
   * @param blocks addresses of (R, T+1, H) each
   * @param gradients addresses of (R, H) each, for the states after the last step and then before the first
   */
  carry(blocks: Readonly<Record<string, number>>, gradients: Readonly<Record<string, number>>): Carried;
  /** Pack this part of U and Uᵀ. */
  prepare(part: number, parts: number): void;
  /** Before the cell's way there: draw what it drops of the states. */
  draw(group: Group): void;
}

/** @param recurrent name of the weight U, or null of a cell that has none */
export function recurrentFrame(
  layer: SteppedLayer,
  at: Bound,
  gates: number,
  recurrent: string | null,
): RecurrentFrame {
  const { k, x, use, stream } = at;
  const { units, returnSequences, goBackwards } = layer;
  const { T, mask } = x;
  const H = padded(units);
  const N = gates * H;
  const [z, h, a] = [at.at("z"), at.at("h"), at.at("a")];
  const dh = use.backward && returnSequences ? at.at("dh") : 0;
  const dhState = use.backward ? at.at("dhState") : 0;
  const u = recurrent === null ? 0 : at.at("u");
  const uT = recurrent !== null && use.backward ? at.at("uT") : 0;
  const U = recurrent === null ? null : at.weight(recurrent);
  const rows = (address: number, stride: number, sequence = T * stride): Rows => ({
    at: () => address,
    stride,
    sequence,
    T,
    width: units,
  });
  const stateRows = (address: number) => rows(address + H * 4, H, (T + 1) * H);
  const last = h + T * H * 4;
  const rate = stateDropout(layer);
  const drops = use.backward && rate > 0;
  const [m, hm, dm] = drops ? [at.at("m"), at.at("hm"), at.at("dm")] : [0, 0, 0];
  return {
    T,
    H,
    N,
    units,
    z,
    h,
    a,
    dh,
    dhState,
    u,
    uT,
    e: U?.int8?.rows ?? 0,
    y: returnSequences ? { ...stateRows(h), ...maskAs(x) } : { ...rows(last, H, (T + 1) * H), T: 1 },
    dy: returnSequences ? rows(dh, H) : { ...rows(dhState, H, H), T: 1 },
    before: drops ? rows(hm, H) : rows(h, H, (T + 1) * H),
    maskAt: (group) => mask?.at(group) ?? 0,
    maskStep: mask?.stride ?? 0,
    maskSequence: mask?.sequence ?? 0,
    m,
    hm,
    dm,
    rows,
    stateRows,
    inOrder: (table) =>
      goBackwards
        ? Object.fromEntries(Object.entries(table).map(([name, read]) => [name, reversed(read)]))
        : table,
    carry: (blocks, gradients) =>
      carriedStates(at, { units, T, readsLast: dh === 0 ? dhState : 0 }, blocks, gradients),
    prepare(part, parts) {
      if (!U) return;
      packWeight(k, u, U, units, N, part, parts);
      if (use.backward) packPartTransposed(k, uT, U.address, units, N, part, parts);
    },
    draw({ count, first, seed, batch, epoch }) {
      if (!drops) return;
      for (let r = 0; r < count; r++) {
        const scale = 1 / (1 - rate);
        k.recurrentDropout(m + r * H * 4, units, rate, scale, seed, stream, first + r, batch, epoch);
      }
    },
  };
}
