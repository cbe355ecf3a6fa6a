import type { Kernels } from "../runtime/kernels.ts";
import type { Activation, DenseLayer } from "./layers.ts";
import type { Group, LayerPass, Place, Rows, Weight } from "./pass.ts";
import { padded } from "./table.ts";

/** The numbers of `assembly/dense.ts`. */
const ACTIVATION_CODES: Record<Activation, number> = { linear: 0, sigmoid: 1, tanh: 2, relu: 3 };

/** What a dense pass is told when it is made. */
export interface DenseContext {
  readonly k: Kernels;
  readonly place: Place;
  readonly layer: DenseLayer;
  /** The layer's own, or `linear` where its logits are wanted. */
  readonly activation: Activation;
  readonly kernel: Weight;
  readonly bias: Weight;
  readonly input: Rows;
  readonly below: LayerPass;
  readonly groupSize: number;
  /** Address of (B, steps, N) for the whole batch, or null to keep a group's output here. */
  readonly output: number | null;
  readonly backward: boolean;
}

/**
 * The pass of a `dense` layer: y = activation(b + x·W); dW += xᵀ·dz, db += Σ dz, dx = dz·Wᵀ.
 * The rows are the group's samples, or each sample's timesteps where the input is a sequence.
 */
export class DensePass implements LayerPass {
  readonly output: Rows;
  readonly #context: DenseContext;
  readonly #activation: number;
  readonly #N: number;
  /** (R, steps, N), or the batch's. */
  readonly #y: number;
  readonly #dy: number;
  /** Packed W, Wᵀ, left-hand side and dz. */
  readonly #w: number;
  readonly #wT: number;
  readonly #a: number;
  readonly #b: number;

  constructor(context: DenseContext) {
    const { place, layer, input, groupSize: R } = context;
    this.#context = context;
    this.#activation = ACTIVATION_CODES[context.activation];
    const N = padded(layer.units);
    const I = input.width;
    const rows = Math.max(R, input.steps);
    this.#N = N;
    const placeIf = (wanted: boolean, floats: number) => (wanted ? place(floats) : 0);
    const sequence = input.steps * N;
    this.#y = context.output ?? place(R * sequence);
    this.#dy = placeIf(context.backward, R * sequence);
    this.#w = place(I * N);
    this.#wT = placeIf(context.backward, N * padded(I));
    this.#a = place(rows * Math.max(padded(I), N));
    this.#b = placeIf(context.backward, rows * N);
    this.output = {
      at: ({ first }) => this.#y + (context.output === null ? 0 : first * sequence * 4),
      step: N,
      sequence,
      steps: input.steps,
      width: layer.units,
    };
  }

  dy(): number {
    return this.#dy;
  }

  prepare(): void {
    const { k, kernel, input, backward } = this.#context;
    k.packPanels(this.#w, kernel.address, this.#N, 0, input.width, this.#N);
    if (backward) k.packPanelsTransposed(this.#wT, kernel.address, this.#N, 0, this.#N, input.width);
  }

  forward(group: Group): void {
    const { k, bias, input } = this.#context;
    const N = this.#N;
    const y = this.output.at(group);
    for (const { x, ld, row, M } of this.#runs(group)) {
      k.packRows(this.#a, x, ld, M, input.width);
      k.product(y + row * N * 4, N, 0, bias.address, 0, this.#a, this.#w, M, N, input.width);
    }
    k.activationForward(y, group.count * input.steps * N, this.#activation);
  }

  backward(group: Group): void {
    const { k, kernel, bias, input, below } = this.#context;
    const N = this.#N;
    const I = input.width;
    const dW = group.partial + kernel.gradient * 4;
    const db = group.partial + bias.gradient * 4;
    k.activationBackward(this.#dy, this.output.at(group), group.count * input.steps * N, this.#activation);
    for (const { x, ld, row, M } of this.#runs(group)) {
      const dz = this.#dy + row * N * 4;
      k.packPanels(this.#b, dz, N, 0, M, N);
      k.sumPanels(db, this.#b, M, N);
      k.packColumns(this.#a, x, ld, I, M);
      k.product(dW, N, 0, dW, N, this.#a, this.#b, I, N, M);
      k.packRows(this.#a, dz, N, M, N);
      const dx = below.dy(group) + row * padded(I) * 4;
      k.product(dx, padded(I), 0, 0, 0, this.#a, this.#wT, M, padded(I), N);
    }
  }

  /** The rows of x as runs of one stride. */
  *#runs(group: Group): Generator<{ x: number; ld: number; row: number; M: number }> {
    const { step, sequence, steps } = this.#context.input;
    const address = this.#context.input.at(group);
    if (steps === 1) yield { x: address, ld: sequence, row: 0, M: group.count };
    else {
      for (let r = 0; r < group.count; r++) {
        yield { x: address + r * sequence * 4, ld: step, row: r * steps, M: steps };
      }
    }
  }
}
