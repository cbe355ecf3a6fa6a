import type { AdamConfig } from "../model/compile.ts";
import type { Network } from "../model/network.ts";
import type { OptimizerState } from "../model/plan.ts";

/** Adam's memory: the gradient it is fed with and its moments, all zero at first. */
export class Adam {
  readonly state: OptimizerState;
  /** Steps taken. */
  iterations = 0;
  readonly #network: Network;

  /** @throws OUT_OF_MEMORY */
  constructor(network: Network, config: Required<AdamConfig>) {
    this.#network = network;
    const { length, embeddingLength } = network;
    const gradient = network.memory.allocate((3 * length + embeddingLength) * 4, "the optimiser's state");
    const [m, v, squares] = [1, 2, 3].map((part) => gradient + part * length * 4) as [number, number, number];
    this.state = { config, gradient, m, v, squares };
  }

  free(): void {
    this.#network.memory.free(this.state.gradient);
  }
}
