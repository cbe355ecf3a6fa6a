import { nextTurn } from "../clock.ts";

/** What a call does between its batches. */
export interface Pauses {
  /** Throws where it is to end. */
  readonly stop: () => void;
  /** Lets the event loop run, then the same. */
  readonly checkpoint: () => Promise<void>;
  /** Waits for what a callback gave, a promise perhaps that never settles; throws where the call is to end first. */
  readonly until: (answer?: void | PromiseLike<void>) => Promise<void>;
}

/**
 * Whose turn it is at a model's weights: any number of calls read them at once, a batch of fit changes
 * them alone. A batch waits for the reads that run; reads that come while it waits begin after it. So a
 * read sees the weights of one moment, and neither side can keep the other waiting for ever.
 *
 * Calls that change the states of stateful layers have the model alone as well, one after the other.
 */
export class Access {
  #reads = 0;
  /** A batch waits, or is being done. */
  #changing = false;
  readonly #waiting = new Set<() => void>();

  /** @param stop throws where the call has to end instead of waiting on; asked after every wake() */
  async read<T>(stop: () => void, work: () => Promise<T>): Promise<T> {
    while (this.#changing) {
      await this.#woken();
      stop();
    }
    this.#reads++;
    try {
      return await work();
    } finally {
      this.#reads--;
      this.wake();
    }
  }

  /** Whether somebody changes the model at this moment, or waits to. */
  get changing(): boolean {
    return this.#changing;
  }

  /** @param work done with no read and no other change under way. @param stop as for read */
  async change<T>(stop: () => void, work: () => Promise<T>): Promise<T> {
    while (this.#changing) {
      await this.#woken();
      stop();
    }
    this.#changing = true;
    try {
      while (this.#reads > 0) {
        await this.#woken();
        stop();
      }
      return await work();
    } finally {
      this.#changing = false;
      this.wake();
    }
  }

  /** What a promise of the caller's gives, unless the call has to end before. @param stop as for read */
  async until<T>(stop: () => void, promise: PromiseLike<T>): Promise<T> {
    let settled = false;
    const answer = Promise.resolve(promise).finally(() => {
      settled = true;
    });
    const patience = async () => {
      // What it was made to settle with counts for more, even where the call was ended meanwhile.
      for (await nextTurn(); !settled; await this.#woken()) stop();
      return answer;
    };
    return Promise.race([answer, patience()]);
  }

  /** Have all that wait look again. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #woken(): Promise<void> {
    return new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}
