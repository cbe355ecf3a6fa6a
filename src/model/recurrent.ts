/**
 * The pass of a recurrent layer. All that does not depend on the step before is a product over the
 * timesteps of a sample, the same for every cell; what does is the cell's own kernel.
 *
 *   forward    z = b + x·W;            the cell turns z into states
 *   backward   the cell turns z into dz;  dW += xᵀ·dz, dU += h₋ᵀ·dz, db += Σ dz, dx = dz·Wᵀ
 */
import type { Kernels } from "../runtime/kernels.ts";
import type { RecurrentLayer } from "./layers.ts";
import type { Group, LayerPass, Place, Rows, Weight } from "./pass.ts";
import type { TokenLists } from "./plan.ts";
import { padded } from "./table.ts";

/** Tokens that are projected at a time. */
export const TOKENS_AT_ONCE = 64;

/** What a recurrent pass is told when it is made. */
export interface RecurrentContext {
  readonly k: Kernels;
  readonly place: Place;
  readonly layer: RecurrentLayer;
  /** Number of the layer in the model: dropout's masks differ by it. */
  readonly index: number;
  readonly kernel: Weight;
  readonly recurrent: Weight;
  readonly bias: Weight;
  readonly input: Rows;
  /** The layer below, or null where the input needs no gradient. */
  readonly below: LayerPass | null;
  readonly groupSize: number;
  /** Without it, no dropout, and no memory for gradients. */
  readonly backward: boolean;
  /** Keep the gradient of every step's state. */
  readonly flow: boolean;
  /** The tokens for which x·W + b is taken, `most` in a list, and their table (V, E); null: it is for each place. */
  readonly tokens: (TokenLists & { readonly most: number; readonly table: number }) | null;
}

/** Values that a layer has at every step, by the names of docs/lstm.md. */
export type StepName = "i" | "f" | "g" | "o" | "c" | "h" | "dh" | "dc";

/** Where they lie, for the samples of the group: a row of `width` for each step. */
export interface StepRows extends Pick<Rows, "step" | "sequence" | "steps" | "width"> {
  readonly address: number;
}

export type StepTable = Partial<Record<StepName, StepRows>>;

export abstract class RecurrentPass implements LayerPass {
  readonly output: Rows;
  /** Activated gates and states of every step: there from the forward pass to the backward. */
  abstract readonly states: StepTable;
  /** The whole gradient of every step's states: there after a backward pass with `flow`. */
  abstract readonly gradients: StepTable;
  protected readonly k: Kernels;
  /** H, padded. */
  protected readonly H: number;
  protected readonly T: number;
  protected readonly units: number;
  /** (R, T, N): pre-activations, then what the cell keeps, then their gradients. */
  protected readonly z: number;
  /** (R, T+1, H), row 0 the initial state. */
  protected readonly h: number;
  /** (R, T, H), or 0 where only the last output is used. */
  protected readonly dh: number;
  /** (R, H). */
  protected readonly dhState: number;
  /** Packed left-hand sides. */
  protected readonly a: number;
  /** Packed U and Uᵀ. */
  protected readonly u: number;
  protected readonly uT: number;
  readonly #context: RecurrentContext;
  readonly #drops: boolean;
  /** Width of z. */
  readonly #N: number;
  /** Features of x, real. */
  readonly #I: number;
  /** Packed W and Wᵀ: of all inputs, or of those a sample keeps. */
  readonly #w: number;
  readonly #wT: number;
  /** Packed dz of one sample. */
  readonly #b: number;
  /** (R, T, padded I): the kept inputs, or tokens' vectors; and dx of one sample's. */
  readonly #xc: number;
  readonly #dxc: number;
  /** (most, N): x·W + b of the tokens of a list, and Σ dz of their places in a shard. */
  readonly #rows: number;
  readonly #sums: number;
  /** (R, I) numbers of the kept inputs, how many there are, and room for a block of random words. */
  readonly #keep: number;
  readonly #kept: Int32Array;
  readonly #words: number;

  constructor(context: RecurrentContext, gates: number) {
    const { layer, input, groupSize: R, backward } = context;
    const { place } = context;
    const placeIf = (wanted: boolean, floats: number) => (wanted ? place(floats) : 0);
    this.#context = context;
    this.k = context.k;
    const drops = backward && layer.dropout > 0;
    this.#drops = drops;
    const { tokens } = context;
    const atOnce = tokens ? TOKENS_AT_ONCE : 0;
    const ownList = tokens?.rows === 0;
    this.units = layer.units;
    const H = padded(layer.units);
    const T = input.steps;
    const N = gates * H;
    const I = input.width;
    this.H = H;
    this.T = T;
    this.#N = N;
    this.#I = I;
    this.z = place(R * T * N);
    this.h = place(R * (T + 1) * H);
    this.dh = placeIf(backward && layer.returnSequences, R * T * H);
    this.dhState = placeIf(backward, R * H);
    this.a = place(Math.max(T * Math.max(padded(I), N), R * N, H * T, atOnce * padded(I)));
    this.u = place(layer.units * N);
    this.uT = placeIf(backward, N * H);
    this.#w = place(I * N);
    this.#wT = placeIf(backward, N * padded(I));
    this.#b = placeIf(backward, Math.max(T, atOnce) * N);
    this.#xc = placeIf(drops || atOnce > 0, Math.max(drops ? R * T : 0, atOnce) * padded(I));
    this.#rows = ownList ? place(tokens.most * N) : (tokens?.rows ?? 0);
    this.#sums = ownList ? place(tokens.most * N) : 0;
    this.#dxc = placeIf(drops, T * padded(I));
    this.#keep = placeIf(drops, R * I);
    this.#words = placeIf(drops, 4);
    this.#kept = new Int32Array(R);
    const { address, ...rows } = this.stateRows(this.h);
    const last = address + (T - 1) * H * 4;
    this.output = layer.returnSequences
      ? { ...rows, at: () => address }
      : { ...rows, at: () => last, steps: 1 };
  }

  protected abstract cellForward(count: number): void;
  /** dh and dhState in, dz in z out. */
  protected abstract cellBackward(count: number): void;

  /** A row of `units` for every step, so many floats apart. */
  protected rows(address: number, step: number, sequence = this.T * step): StepRows {
    return { address, step, sequence, steps: this.T, width: this.units };
  }

  /** The same of a block (R, T+1, H), but for the initial state. */
  protected stateRows(address: number): StepRows {
    return this.rows(address + this.H * 4, this.H, (this.T + 1) * this.H);
  }

  dy(): number {
    return this.dh || this.dhState;
  }

  prepare(): void {
    const { kernel, recurrent, below, backward } = this.#context;
    const k = this.k;
    const N = this.#N;
    const whole = !this.#drops;
    k.packPanels(this.u, recurrent.address, N, 0, this.units, N);
    if (whole) k.packPanels(this.#w, kernel.address, N, 0, this.#I, N);
    if (!backward) return;
    k.packPanelsTransposed(this.uT, recurrent.address, N, 0, N, this.units);
    if (whole && below) k.packPanelsTransposed(this.#wT, kernel.address, N, 0, N, this.#I);
  }

  forward(group: Group): void {
    const { tokens } = this.#context;
    if (tokens) {
      const places = tokens.places + group.first * this.T * 4;
      this.k.embeddingForward(this.z, places, this.#rows, group.count * this.T, this.#N);
    } else this.#project(group);
    this.cellForward(group.count);
  }

  /**
   * The rows of x·W + b for tokens `from` … `from + count` of a list, TOKENS_AT_ONCE at most; bit for bit
   * what a sample's own product gives.
   */
  projectTokens(list: number, from: number, count: number): void {
    const k = this.k;
    const N = this.#N;
    k.packRows(this.a, this.#gather(list, from, count), padded(this.#I), count, this.#I);
    const rows = this.#rows + from * N * 4;
    k.product(rows, N, 0, this.#context.bias.address, 0, this.a, this.#w, count, N, this.#I);
  }

  /** Before the groups of a shard. */
  beginShard(shard: number): void {
    for (const [from, count] of this.#chunks(shard)) this.projectTokens(shard, from, count);
  }

  /** After them: dW += xᵀ·Σ dz of the shard's tokens, each once. */
  endShard(shard: number, partial: number): void {
    const k = this.k;
    const [N, I] = [this.#N, this.#I];
    const dW = partial + this.#context.kernel.gradient * 4;
    for (const [from, count] of this.#chunks(shard)) {
      const sums = this.#sums + from * N * 4;
      k.packColumns(this.a, this.#gather(shard, from, count), padded(I), I, count);
      k.packPanels(this.#b, sums, N, 0, count, N);
      k.product(dW, N, 0, dW, N, this.a, this.#b, I, N, count);
      k.clear(sums, count * N);
    }
  }

  /** A shard's list, piece by piece; nothing where shards have none. */
  *#chunks(shard: number): Generator<[from: number, count: number]> {
    if (this.#sums === 0) return;
    // The host of another thread has no view of the memory; a kernel reads it.
    const length = this.k.sumInts(this.#context.tokens!.counts + shard * 4, 1);
    for (let from = 0; from < length; from += TOKENS_AT_ONCE) {
      yield [from, Math.min(TOKENS_AT_ONCE, length - from)];
    }
  }

  /** @returns the address of the vectors of tokens of a list (count, padded I) */
  #gather(list: number, from: number, count: number): number {
    const { ids, most, table } = this.#context.tokens!;
    this.k.embeddingForward(this.#xc, ids + (list * most + from) * 4, table, count, padded(this.#I));
    return this.#xc;
  }

  /** z = b + x·W, sample by sample. */
  #project(group: Group): void {
    const { input, kernel, bias, layer } = this.#context;
    const k = this.k;
    const T = this.T;
    const N = this.#N;
    const I = this.#I;
    const drops = this.#drops;
    const inputs = input.at(group);
    for (let r = 0; r < group.count; r++) {
      let x = inputs + r * input.sequence * 4;
      let ld = input.step;
      let kept = I;
      if (drops) {
        const keep = this.#keep + r * I * 4;
        kept = k.dropoutKeep(
          keep,
          this.#words,
          I,
          layer.dropout,
          group.seed,
          this.#context.index,
          group.first + r,
          group.step,
          group.epoch,
        );
        this.#kept[r] = kept;
        ld = padded(I);
        const xc = this.#xc + r * T * ld * 4;
        k.dropoutForward(xc, ld, x, input.step, keep, kept, 1 / (1 - layer.dropout), T);
        k.packPanels(this.#w, kernel.address, N, keep, kept, N);
        x = xc;
      }
      k.packRows(this.a, x, ld, T, kept);
      k.product(this.z + r * T * N * 4, N, 0, bias.address, 0, this.a, this.#w, T, N, kept);
    }
  }

  backward(group: Group): void {
    const { input, kernel, recurrent, bias, layer, below, tokens } = this.#context;
    const k = this.k;
    const T = this.T;
    const N = this.#N;
    const I = this.#I;
    const H = this.H;
    const dW = group.partial + kernel.gradient * 4;
    const dU = group.partial + recurrent.gradient * 4;
    const db = group.partial + bias.gradient * 4;
    const width = padded(I);
    const drops = this.#drops;
    const inputs = input.at(group);
    if (this.dh) k.clear(this.dhState, group.count * H);
    this.cellBackward(group.count);
    for (let r = 0; r < group.count; r++) {
      const dz = this.z + r * T * N * 4;
      const kept = drops ? this.#kept[r]! : I;
      const keep = drops ? this.#keep + r * I * 4 : 0;
      const x = drops ? this.#xc + r * T * width * 4 : inputs + r * input.sequence * 4;
      k.packPanels(this.#b, dz, N, 0, T, N);
      k.sumPanels(db, this.#b, T, N);
      if (this.#sums) k.addRows(this.#sums, dz, tokens!.places + (group.first + r) * T * 4, T, N);
      else {
        k.packColumns(this.a, x, drops ? width : input.step, kept, T);
        k.product(dW, N, keep, dW, N, this.a, this.#b, kept, N, T);
      }
      k.packColumns(this.a, this.h + r * (T + 1) * H * 4, H, this.units, T);
      k.product(dU, N, 0, dU, N, this.a, this.#b, this.units, N, T);
      if (!below) continue;
      const dx = below.dy(group) + r * T * width * 4;
      k.packRows(this.a, dz, N, T, N);
      if (drops) {
        const n = padded(kept);
        k.packPanelsTransposed(this.#wT, kernel.address, N, keep, N, kept);
        k.product(this.#dxc, width, 0, 0, 0, this.a, this.#wT, T, n, N);
        k.dropoutBackward(dx, width, this.#dxc, width, keep, kept, 1 / (1 - layer.dropout), T);
      } else k.product(dx, width, 0, 0, 0, this.a, this.#wT, T, width, N);
    }
  }
}

/** The pass of an `lstm` layer. */
export class LstmPass extends RecurrentPass {
  override readonly states: StepTable;
  override readonly gradients: StepTable;
  /** (R, T+1, H), row 0 the initial state. */
  readonly #c: number;
  /** (R, T, H): tanh c. */
  readonly #tc: number;
  /** (R, H). */
  readonly #dcState: number;
  /** (R, T, 2H): dh and dc of every step, or 0. */
  readonly #flow: number;

  constructor(context: RecurrentContext) {
    super(context, 4);
    const { place, groupSize: R, backward, flow } = context;
    const { T, H } = this;
    this.#c = place(R * (T + 1) * H);
    this.#tc = place(R * T * H);
    this.#dcState = backward ? place(R * H) : 0;
    this.#flow = flow ? place(R * T * 2 * H) : 0;
    const gate = (index: number) => this.rows(this.z + index * H * 4, 4 * H);
    const [i, f, g, o] = [gate(0), gate(1), gate(2), gate(3)];
    this.states = { i, f, g, o, c: this.stateRows(this.#c), h: this.stateRows(this.h) };
    this.gradients = flow
      ? { dh: this.rows(this.#flow, 2 * H), dc: this.rows(this.#flow + H * 4, 2 * H) }
      : {};
  }

  protected override cellForward(count: number): void {
    this.k.lstmForward(this.z, this.#c, this.h, this.#tc, this.u, this.a, count, this.T, this.H, this.units);
  }

  protected override cellBackward(count: number): void {
    this.k.clear(this.#dcState, count * this.H);
    this.k.lstmBackward(
      this.z,
      this.#c,
      this.#tc,
      this.dh,
      this.dhState,
      this.#dcState,
      this.#flow,
      this.uT,
      this.a,
      count,
      this.T,
      this.H,
    );
  }
}

/** The pass of a `simpleRNN` layer. */
export class SimpleRnnPass extends RecurrentPass {
  override readonly states: StepTable;
  override readonly gradients: StepTable;
  /** (R, T, H): dh of every step, or 0. */
  readonly #flow: number;

  constructor(context: RecurrentContext) {
    super(context, 1);
    const { place, groupSize: R, flow } = context;
    this.#flow = flow ? place(R * this.T * this.H) : 0;
    this.states = { h: this.stateRows(this.h) };
    this.gradients = flow ? { dh: this.rows(this.#flow, this.H) } : {};
  }

  protected override cellForward(count: number): void {
    this.k.rnnForward(this.z, this.h, this.u, this.a, count, this.T, this.H, this.units);
  }

  protected override cellBackward(count: number): void {
    const { z, h, dh, dhState, uT, a, T, H } = this;
    this.k.rnnBackward(z, h, dh, dhState, this.#flow, uT, a, count, T, H);
  }
}
