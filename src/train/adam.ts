import type { AdamConfig } from "../model/compile.ts";
import type { Network } from "../model/network.ts";

/** Adam's moments, and the gradient they are fed with, each as long as the weights. */
export class Adam {
  /** Address of the gradient. */
  readonly gradient: number;
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
    const bytes = network.length * 4;
    this.gradient = network.memory.allocate(3 * bytes, "the optimiser's state");
    this.#m = this.gradient + bytes;
    this.#v = this.#m + bytes;
  }

  /** One step along the gradient. */
  apply(): void {
    const { kernels, weights, length } = this.#network;
    const { learningRate, beta1, beta2, epsilon } = this.#config;
    this.iterations += 1;
    kernels.adam(
      weights,
      this.#m,
      this.#v,
      this.gradient,
      length,
      learningRate,
      beta1,
      beta2,
      epsilon,
      this.iterations,
    );
  }

  free(): void {
    this.#network.memory.free(this.gradient);
  }
}
