/** Batches of a call whose work is done in a worker: they are made here, one at a time, as the worker asks. */

import { asBatch, beginPass, endPass } from "../train/batches.ts";
import type { SampleBatch } from "../train/sample-batch.ts";
import type { Feeds } from "./remote-model.ts";
import type { FeedName, FeedWish } from "./wire.ts";

/** A pass that is under way. */
interface Pass {
  readonly iterator: Iterator<SampleBatch> | AsyncIterator<SampleBatch>;
  taken: number;
}

export class Feeder {
  readonly #feeds: Feeds;
  readonly #passes = new Map<FeedName, Pass>();

  constructor(feeds: Feeds) {
    this.#feeds = feeds;
  }

  /** The next batch, as a message; null where there is no more. @throws BAD_ARGUMENT; what the caller's code throws */
  async answer(name: FeedName, wish: FeedWish): Promise<readonly unknown[] | null> {
    const of = name === "x" ? "" : " of validationData";
    if (typeof wish === "object") {
      this.#end(name);
      const { iterator, first } = beginPass(this.#feeds.given[name]!, wish.begin, of, wish.from);
      const pass = { iterator, taken: wish.from };
      this.#passes.set(name, pass);
      return this.#packed(name, pass, of, await first(() => this.#passes.get(name) === pass));
    }
    const pass = this.#passes.get(name);
    if (wish === "end") this.#end(name);
    if (!pass || wish === "end") return null;
    return this.#packed(name, pass, of, await pass.iterator.next());
  }

  #packed(name: FeedName, pass: Pass, of: string, { done, value }: IteratorResult<SampleBatch>) {
    if (!done) return this.#feeds.pack(asBatch(value, pass.taken++, of));
    if (this.#passes.get(name) === pass) this.#passes.delete(name);
    return null;
  }

  close(): void {
    for (const name of this.#passes.keys()) this.#end(name);
  }

  #end(name: FeedName): void {
    endPass(this.#passes.get(name)?.iterator);
    this.#passes.delete(name);
  }
}
