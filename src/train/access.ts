/**
 * Whose turn it is at a model's weights: any number of calls read them at once, a batch of fit changes
 * them alone. A batch waits for the reads that run; reads that come while it waits begin after it. So a
 * read sees the weights of one moment, and neither side can keep the other waiting for ever.
 */
export class Access {
  #reads = 0;
  /** A batch waits, or is being done. */
  #changing = false;
  readonly #waiting = new Set<() => void>();

  /** @param stop throws where the call has to end instead of waiting on; asked after every wake() */
  async read<T>(stop: () => void, work: () => Promise<T>): Promise<T> {
    while (this.#changing) await this.#woken(stop);
    this.#reads++;
    try {
      return await work();
    } finally {
      this.#reads--;
      this.wake();
    }
  }

  /** @param work done in one go, with no read under way. @param stop as for read */
  async change<T>(stop: () => void, work: () => T): Promise<T> {
    this.#changing = true;
    try {
      while (this.#reads > 0) await this.#woken(stop);
      return work();
    } finally {
      this.#changing = false;
      this.wake();
    }
  }

  /** Have all that wait look again. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async #woken(stop: () => void): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
    stop();
  }
}
