import type { AdamConfig } from "../model/compile.ts";
import type { Network } from "../model/network.ts";
import type { Gradient } from "../model/workspace.ts";

/** Adam's moments, and the gradient it is fed with. */
export class Adam {
  readonly gradient: Gradient;
  /** Steps taken. */
  iterations = 0;
  readonly #network: Network;
  readonly #config: Required<AdamConfig>;
  readonly #m: number;
  readonly #v: number;

  /** @throws OUT_OF_MEMORY */
  constructor(network: Network, config: Required<AdamConfig>) {
    this.#network = network;
    this.#config = config;
    const { length, embeddingLength } = network;
    this.#m = network.memory.allocate((3 * length + embeddingLength) * 4, "the optimiser's state");
    this.#v = this.#m + length * 4;
    this.gradient = { sum: this.#v + length * 4, squares: this.#v + 2 * length * 4 };
  }

  /** One step along the gradient. */
  apply(): void {
    const { length, embeddingLength } = this.#network;
    this.iterations += 1;
    if (embeddingLength > 0) this.#update(0, embeddingLength, this.gradient.squares);
    this.#update(embeddingLength, length - embeddingLength, 0);
  }

  #update(offset: number, length: number, squares: number): void {
    const { kernels, weights } = this.#network;
    const { learningRate, beta1, beta2, epsilon } = this.#config;
    const at = offset * 4;
    kernels.adam(
      weights + at,
      this.#m + at,
      this.#v + at,
      this.gradient.sum + at,
      squares,
      length,
      learningRate,
      beta1,
      beta2,
      epsilon,
      this.iterations,
    );
  }

  free(): void {
    this.#network.memory.free(this.#m);
  }
}
