import type { Kernels } from "../runtime/kernels.ts";
import type { Group, LayerPass, Place, Rows } from "./pass.ts";
import { padded } from "./table.ts";

/**
 * Token vectors of a group. The gradient of the table is not taken here: `dy` reaches over the whole
 * batch, and the batch adds it to the table's rows in the order of samples once all groups are done.
 */
export class EmbeddingPass implements LayerPass {
  readonly output: Rows;
  readonly #k: Kernels;
  readonly #table: number;
  readonly #ids: number;
  readonly #dx: number;
  /** (R, T, E). */
  readonly #x: number;

  /**
   * @param table address of (V, E)
   * @param ids address of the batch's ids (B, T)
   * @param dx address of (B, T, E), or 0 where nothing is trained
   * @param skipped the layer above takes its products from a table of tokens, and needs no vectors
   */
  constructor(
    k: Kernels,
    place: Place,
    sizes: { groupSize: number; T: number; outputDim: number },
    table: number,
    ids: number,
    dx: number,
    skipped: boolean,
  ) {
    const E = padded(sizes.outputDim);
    this.#k = k;
    this.#table = table;
    this.#ids = ids;
    this.#dx = dx;
    this.#x = skipped ? 0 : place(sizes.groupSize * sizes.T * E);
    this.output = {
      at: () => this.#x,
      step: E,
      sequence: sizes.T * E,
      steps: sizes.T,
      width: sizes.outputDim,
    };
  }

  dy(group: Group): number {
    return this.#dx + group.first * this.output.sequence * 4;
  }

  prepare(): void {}

  forward({ first, count }: Group): void {
    if (this.#x === 0) return;
    const { step: E, steps: T } = this.output;
    this.#k.embeddingForward(this.#x, this.#ids + first * T * 4, this.#table, count * T, E);
  }

  backward(): void {}
}
