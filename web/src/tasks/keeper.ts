/** In a worker: what was trained or loaded last, with the runtime that it lives in. */
import { createRuntime, LstmkitError, type Runtime } from "lstmkit";
import { usualThreads } from "./threads.ts";

interface Held<Made> {
  /** Counts what was begun. */
  readonly turn: number;
  readonly kit: Runtime;
  readonly made: Made;
}

export class Keeper<Made> {
  #held: Held<Made> | null = null;
  #turns = 0;
  #controller: AbortController | null = null;

  /** @throws NOT_FITTED where there is nothing yet */
  get made(): Made {
    if (this.#held) return this.#held.made;
    throw new LstmkitError("NOT_FITTED", "there is no model yet. Train one, or load a file.");
  }

  /**
   * Make another one, in a runtime of its own. What was there before goes when the new one is there; where it cannot be
   * made, that stays. Of two that are made at the same time, the one that was begun last stays; the other rejects with
   * ABORTED.
   */
  async replace(
    threads: number | "auto",
    make: (kit: Runtime, signal: AbortSignal) => Promise<Made>,
  ): Promise<Made> {
    const controller = new AbortController();
    this.#controller = controller;
    try {
      return await this.#take(++this.#turns, threads, (kit) => make(kit, controller.signal));
    } finally {
      if (this.#controller === controller) this.#controller = null;
    }
  }

  /** What nobody has asked for: it gives way to all that was, whenever that began, and rejects with ABORTED then. */
  async first(make: (kit: Runtime) => Promise<Made>): Promise<Made> {
    return this.#take(0, 1, make);
  }

  async #take(turn: number, threads: number | "auto", make: (kit: Runtime) => Promise<Made>): Promise<Made> {
    const kit = await createRuntime({ threads: threads === "auto" ? usualThreads() : threads });
    try {
      const made = await make(kit);
      const before = this.#held;
      if (before && before.turn > turn) {
        throw new LstmkitError("ABORTED", "another model was taken meanwhile; this one was let go.");
      }
      this.#held = { turn, kit, made };
      await before?.kit.close();
      return made;
    } catch (error) {
      await kit.close();
      throw error;
    }
  }

  /** Put something else in its place that lives in the same runtime. */
  exchange(made: Made): Made {
    this.#held = { ...this.#held!, made };
    return made;
  }

  /** End what is being made; it rejects with ABORTED. */
  stop(): void {
    this.#controller?.abort();
  }
}
