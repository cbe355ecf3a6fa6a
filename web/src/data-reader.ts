/** The page's side of data-worker.ts. */
import { proxy } from "comlink";
import type { Split } from "lstmkit/data";
import type { DataCalls, GivenFile, Prepared, Wanted } from "./data-worker.ts";
import { WorkerLink } from "./worker-link.ts";

/** Reads data sets in a worker. */
export class DataReader {
  readonly #link = new WorkerLink<DataCalls>(
    () => new Worker(new URL("./data-worker.ts", import.meta.url), { type: "module" }),
    "Choose the files again.",
  );

  give(file: File): Promise<GivenFile> {
    return this.#link.call((calls) => calls.give(file) as Promise<GivenFile>);
  }

  fetchImdb(onProgress: (received: number, total: number) => void): Promise<void> {
    return this.#link.call((calls) => calls.fetchImdb(proxy(onProgress)));
  }

  stopFetching(): Promise<void> {
    return this.#link.call((calls) => calls.stopFetching());
  }

  prepare(wanted: Wanted): Promise<Prepared> {
    return this.#link.call((calls) => calls.prepare(wanted));
  }

  /** A part of what was prepared last, the caller's own. */
  rows(part: "train" | "test"): Promise<Split> {
    return this.#link.call((calls) => calls.rows(part));
  }
}
